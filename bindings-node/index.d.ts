/**
 * The types of `tykmetrics`: prom-client's, and what this package has more. Written by hand; `test/types.test.js` compares them
 * with the modules, in both directions.
 */

export * from './types/counter.js';
export * from './types/gauge.js';
export * from './types/histogram.js';
export * from './types/registry.js';
export * from './types/requests.js';
export * from './types/server.js';
export * from './types/summary.js';
export * from './types/tools.js';
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
