'use strict';

/**
 * What putting several processes' samples together takes: which of them are one series, and the two kinds whose samples
 * cannot be added one by one.
 *
 * What lives here: `seriesKey` and `grouped`, and what `aggregators.js` does before or after a sum of histograms and of
 * summaries. Promised: nothing that is given is changed.
 */

/**
 * A text that two samples share if they are of one series. Values count as the text they are printed as: a worker's
 * `200` is another's `"200"`.
 * @param {object} labels
 * @param {string} [metricName]
 * @param {string} [except] a label that does not count
 */
function seriesKey(labels, metricName = '', except = undefined) {
  const pairs = Object.entries(labels ?? {})
    .filter(([name, value]) => value !== undefined && name !== except)
    .map(([name, value]) => [name, String(value)])
    .sort(([one], [other]) => (one < other ? -1 : 1));
  return JSON.stringify([metricName, pairs]);
}

/**
 * @template T
 * @param {Iterable<T>} items
 * @param {(item: T) => string} keyOf
 * @returns {Map<string, T[]>} in the order in which keys come first
 */
function grouped(items, keyOf) {
  const groups = new Map();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return groups;
}

const isBucket = (sample) => sample.labels?.le !== undefined;
const bucketSeries = (sample) => seriesKey(sample.labels, sample.metricName, 'le');
const boundOf = (le) => (le === '+Inf' ? Infinity : Number(le));

/**
 * Histograms of which every series has the same bounds in each process that has the series.
 *
 * Processes of two versions may differ in their bounds. A bucket is all that is below its bound, so a process without a
 * bound has counted at least what its next lower one says; anything less would make buckets fall where bounds rise.
 * @param {object[]} metrics
 */
function withCommonBounds(metrics) {
  const bounds = new Map();
  for (const sample of metrics.flatMap((metric) => metric.values)) {
    if (!isBucket(sample)) continue;
    const key = bucketSeries(sample);
    if (!bounds.has(key)) bounds.set(key, new Map());
    const known = bounds.get(key);
    const bound = boundOf(sample.labels.le);
    if (!known.has(bound)) known.set(bound, sample.labels.le);
  }
  return metrics.map((metric) => ({ ...metric, values: completed(metric.values, bounds) }));
}

function completed(values, bounds) {
  const own = grouped(values.filter(isBucket), bucketSeries);
  const lacks = [...own].some(([key, buckets]) => buckets.length < bounds.get(key).size);
  if (!lacks) return values;
  const rest = values.filter((sample) => !isBucket(sample));
  const buckets = Array.from(own, ([key, some]) => filled(some, bounds.get(key)));
  return [...buckets.flat(), ...rest];
}

function filled(buckets, bounds) {
  const counts = new Map(buckets.map(({ labels, value }) => [boundOf(labels.le), value]));
  const { labels, metricName } = buckets[0];
  let below = 0;
  return [...bounds]
    .sort(([one], [other]) => one - other)
    .map(([bound, le]) => {
      below = counts.get(bound) ?? below;
      return { value: below, labels: { ...labels, le }, metricName };
    });
}

/**
 * A summed summary whose quantiles are the processes' means, weighted by their counts.
 *
 * An estimate, since quantiles of parts do not tell that of the whole; it is between the least and the greatest of them,
 * which a sum is not. A process whose quantiles are all 0 has observed nothing of late and has no say.
 * @param {object | undefined} summed
 * @param {object[]} metrics
 */
function withMeanQuantiles(summed, metrics) {
  const isQuantile = (sample) => sample.labels?.quantile !== undefined;
  const means = new Map();
  for (const { name, values } of metrics) {
    const counts = new Map(
      values
        .filter((sample) => sample.metricName === `${name}_count`)
        .map((sample) => [seriesKey(sample.labels), sample.value]),
    );
    const series = grouped(values.filter(isQuantile), ({ labels }) => seriesKey(labels, '', 'quantile'));
    for (const [key, quantiles] of series) {
      const weight = counts.get(key) ?? 0;
      if (!(weight > 0) || !quantiles.some(({ value }) => value < 0 || value > 0)) continue;
      for (const { labels, value } of quantiles) {
        const mean = means.get(seriesKey(labels)) ?? { sum: 0, weight: 0 };
        means.set(seriesKey(labels), { sum: mean.sum + value * weight, weight: mean.weight + weight });
      }
    }
  }
  if (!summed) return undefined;
  const values = summed.values.map((sample) => {
    if (!isQuantile(sample)) return sample;
    const mean = means.get(seriesKey(sample.labels));
    return { ...sample, value: mean ? mean.sum / mean.weight : 0 };
  });
  return { ...summed, values };
}

module.exports = { grouped, seriesKey, withCommonBounds, withMeanQuantiles };
