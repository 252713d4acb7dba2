/** The package's names for ES modules: those of `index.js`, and all of them together as the default. */

import all from './index.js';

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
  negotiate,
  negotiateEncoding,
  openMetricsContentType,
  prometheusContentType,
  recordRequest,
  register,
  render,
  renderSync,
  requestMetrics,
  startHttpServer,
  trackRequest,
  validateMetricName,
} = all;
export default all;
