/** The types of `tykmetrics/prom-client`: prom-client's. Written by hand; `test/types.test.js` compares them with the module. */

export * from './types/counter.js';
export * from './types/gauge.js';
export * from './types/histogram.js';
export * from './types/registry.js';
export * from './types/summary.js';
export { collectDefaultMetrics, exponentialBuckets, linearBuckets, Pushgateway } from './types/tools.js';
export type { DefaultMetricsCollectorConfiguration } from './types/tools.js';
export type {
  Aggregator,
  CollectFunction,
  Collector,
  CustomMetric,
  Exemplar,
  LabelValues,
  Metric,
  MetricConfiguration,
  MetricObject,
  MetricObjectWithValues,
  MetricType,
  MetricValue,
  MetricValueWithName,
} from './types/metric.js';
