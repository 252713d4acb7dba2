'use strict';

/**
 * Ways to make one metric of several processes' metrics of one name.
 *
 * What lives here: `aggregators`, by the names that a metric's `aggregator` has, and `AggregatorFactory`, which makes
 * more of them out of a function. `aggregator-registry.js` looks here; whoever adds to `aggregators` extends it.
 * Promised: samples are put together if name and labels are equal, whatever the labels' order; what is given is not
 * changed. Absent: timestamps and exemplars, which are single processes' matter.
 */

const { grouped, seriesKey, withCommonBounds, withMeanQuantiles } = require('./aggregation');

/**
 * @param {(samples: {value: number, labels: object}[]) => number} aggregate called per series with what each process
 *   says of it, never with an empty list
 * @returns {(metrics: object[]) => object | undefined}
 */
function AggregatorFactory(aggregate) {
  return (metrics) => {
    if (metrics.length === 0) return undefined;
    const samples = metrics.flatMap((metric) => metric.values);
    const series = grouped(samples, (sample) => seriesKey(sample.labels, sample.metricName));
    const values = Array.from(series.values(), (same) => sampleOf(same[0], aggregate(same)));
    return metricOf(metrics[0], values);
  };
}

function sampleOf({ labels, metricName }, value) {
  return metricName ? { value, labels, metricName } : { value, labels };
}

function metricOf({ help, name, type, aggregator }, values) {
  return { help, name, type, values, aggregator };
}

const total = (samples) => samples.reduce((sum, { value }) => sum + value, 0);
const plainSum = AggregatorFactory(total);

/** Neither quantiles nor buckets of different bounds can be added one by one. */
function sum(metrics) {
  switch (metrics[0]?.type) {
    case 'histogram':
      return plainSum(withCommonBounds(metrics));
    case 'summary':
      return withMeanQuantiles(plainSum(metrics), metrics);
    default:
      return plainSum(metrics);
  }
}

const aggregators = {
  sum,
  first: AggregatorFactory((samples) => samples[0].value),
  omit: () => undefined,
  average: AggregatorFactory((samples) => total(samples) / samples.length),
  min: AggregatorFactory((samples) => samples.reduce((least, { value }) => Math.min(least, value), Infinity)),
  max: AggregatorFactory((samples) => samples.reduce((most, { value }) => Math.max(most, value), -Infinity)),
};

module.exports = { AggregatorFactory, aggregators };
