/** The drop-in's names for ES modules: those of `prom-client.js`, and all of them together as the default. */

import all from './prom-client.js';

export const {
  AggregatorRegistry,
  Counter,
  Gauge,
  Histogram,
  Pushgateway,
  Registry,
  Summary,
  aggregators,
  collectDefaultMetrics,
  contentType,
  exponentialBuckets,
  linearBuckets,
  openMetricsContentType,
  prometheusContentType,
  register,
  validateMetricName,
} = all;
export default all;
