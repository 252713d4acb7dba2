'use strict';

/**
 * Scrapes in every format of the engine: text, OpenMetrics, protobuf and JSON, packed as asked. Called by users; what a scraper
 * asked for is said by `negotiate`. Metrics that are not the engine's, or that their registry gives labels, are told to it.
 */

const native = require('./native');
const Registry = require('./registry');

function defaults() {
  return { registry: Registry.globalRegistry, encoding: 'identity' };
}

function pairsOf(labels) {
  return Object.entries(labels).map(([name, value]) => [name, `${value}`]);
}

/** A number, or an error that says what is none. */
function numberOf(value, what) {
  if (typeof value === 'number') return value;
  throw new TypeError(`${what} is ${value === null ? 'null' : typeof value}, not a number`);
}

function exemplarOf(exemplar) {
  if (!exemplar) return undefined;
  const { labelSet, value, timestamp } = exemplar;
  if (typeof labelSet !== 'object' || labelSet === null) throw new TypeError('an exemplar has no labelSet');
  const hasTime = timestamp !== undefined && timestamp !== null;
  return {
    labels: pairsOf(labelSet),
    value: numberOf(value, 'the value of an exemplar'),
    timestamp: hasTime ? numberOf(timestamp, 'the timestamp of an exemplar') : undefined,
  };
}

/** What `get()` gave, as the engine is told of it: of the types that it takes, or an error. */
function toldOf(answer, defaults) {
  if (typeof answer !== 'object' || answer === null) throw new TypeError('get() gave no metric');
  const { name, help, type, values } = answer;
  if (!Array.isArray(values ?? [])) throw new TypeError('values is not an array');
  const samples = Array.from(values ?? [], ({ metricName = name, labels = {}, value, exemplar }) => ({
    name: `${metricName}`,
    labels: pairsOf({ ...labels, ...defaults, ...labels }),
    value: numberOf(value, 'a value'),
    exemplar: exemplarOf(exemplar),
  }));
  return { name: `${name}`, help: `${help ?? ''}`, kind: `${type ?? 'unknown'}`, samples };
}

/** The metrics of a registry that the engine is told of, and those of them that it knows. */
function besides(registry) {
  const told = registry.getMetricsAsArray().filter((metric) => !registry._isPrinted(metric));
  const known = told.filter((metric) => metric._native !== undefined).map((metric) => metric._native);
  return { told, known };
}

/**
 * What a registry holds, as bytes; the event loop is free meanwhile.
 * @param {string} [format] `text`, `openmetrics`, `protobuf`, `json`, or what `negotiate` gave
 * @param {{registry?: Registry, encoding?: 'identity' | 'gzip' | 'zstd'}} [options]
 * @returns {Promise<Buffer>}
 */
async function render(format = 'text', options) {
  const { registry, encoding } = { ...defaults(), ...options };
  const { told, known } = besides(registry);
  const printed = registry.getMetricsAsArray().filter((metric) => !told.includes(metric));
  const [given] = await Promise.all([
    Promise.all(told.map((metric) => metric.get())),
    ...printed.map((metric) => metric._collect()),
  ]);
  const samples = given.map((metric) => toldOf(metric, registry._defaultLabels));
  return native.render(registry._native, format, encoding, known, samples);
}

/** As `render`, at once: functions that take time to collect are not waited for. */
function renderSync(format = 'text', options) {
  const { registry, encoding } = { ...defaults(), ...options };
  const { told, known } = besides(registry);
  for (const metric of registry.getMetricsAsArray()) if (!told.includes(metric)) metric._collectNow();
  const samples = told.map((metric) => toldOf(registry._getNow(metric), registry._defaultLabels));
  return native.renderNow(registry._native, format, encoding, known, samples);
}

/**
 * What a client asks for by its `Accept` header.
 * @param {string} [accept]
 * @returns {{format: string, contentType: string}}
 */
function negotiate(accept = '') {
  const [format, contentType] = native.negotiate(`${accept}`);
  return { format, contentType };
}

/** Which encoding a client asks for by its `Accept-Encoding` header. */
function negotiateEncoding(accept = '') {
  return native.negotiateEncoding(`${accept}`);
}

module.exports = { negotiate, negotiateEncoding, render, renderSync, toldOf };
