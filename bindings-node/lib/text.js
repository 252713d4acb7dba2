'use strict';

/**
 * prom-client's text of a metric that the engine does not print: a foreign object, one with exemplars, or with the default
 * labels of its registry. Called by `registry.js`.
 */

function numberOf(value) {
  if (Number.isNaN(value)) return 'Nan';
  if (Number.isFinite(value)) return `${value}`;
  return value < 0 ? '-Inf' : '+Inf';
}

function escaped(text) {
  return `${text}`.replace(/\\/g, '\\\\').replace(/\n/g, '\\n');
}

function labelText(name, value) {
  const text = typeof value === 'string' ? escaped(value).replace(/"/g, '\\"') : value;
  return `${name}="${text}"`;
}

function labelTexts(labels, except = {}) {
  return Object.entries(labels)
    .filter(([name]) => !Object.hasOwn(except, name))
    .map(([name, value]) => labelText(name, value));
}

function exemplarText({ labelSet, value, timestamp }) {
  return ` # {${labelTexts(labelSet).join(',')}} ${numberOf(value)} ${timestamp}`;
}

/**
 * The lines of a metric, without a line feed at the end.
 * @param {object} metric what its `get()` gave
 * @param {object} defaults labels that every sample has that does not have them itself
 * @param {boolean} isOpenMetrics
 */
function textOf(metric, defaults, isOpenMetrics) {
  const name = escaped(metric.name);
  const lines = [`# HELP ${name} ${escaped(metric.help)}`, `# TYPE ${name} ${metric.type}`];
  for (const { metricName = name, labels = {}, sharedLabels = {}, value, exemplar } of metric.values ?? []) {
    const sample = isOpenMetrics && metric.type === 'counter' ? `${metricName}_total` : metricName;
    const texts = [
      ...labelTexts({ ...labels, ...defaults, ...labels }, sharedLabels),
      ...labelTexts(sharedLabels),
    ];
    const block = texts.length > 0 ? `{${texts.join(',')}}` : '';
    const tail = exemplar && isOpenMetrics ? exemplarText(exemplar) : '';
    lines.push(`${sample}${block} ${numberOf(value)}${tail}`);
  }
  return lines.join('\n');
}

module.exports = { textOf };
