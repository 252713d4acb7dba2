/**
 * What all metrics share: their configuration, their labels, what they tell, and the members that every class has.
 */

import type { Counter } from './counter.js';
import type { Gauge } from './gauge.js';
import type { Histogram } from './histogram.js';
import type { Registry, RegistryContentType } from './registry.js';
import type { Summary } from './summary.js';

/** Values by the names of labels. One that is missing is an empty one. */
export type LabelValues<T extends string> = Partial<Record<T, string | number>>;

/** A metric of any kind. */
export type Metric<T extends string = string> = Counter<T> | Gauge<T> | Summary<T> | Histogram<T>;

/** What kind a metric is, as its `type` says. */
export type MetricType = 'counter' | 'gauge' | 'histogram' | 'summary';

/** How the samples of several processes become one, in a cluster. */
export type Aggregator = 'omit' | 'sum' | 'first' | 'min' | 'max' | 'average';

/** Called at each scrape, before the metric is read, with the metric as `this`. */
export type CollectFunction<T> = (this: T) => void | Promise<void>;

/** A function that collects without waiting. */
export type Collector = () => void;

/** A measurement that stands for others, as OpenMetrics has it. */
export interface Exemplar {
  /** The labels of the exemplar, such as the id of a trace. */
  labelSet: LabelValues<string>;
  /** What was measured. */
  value: number;
  /** When, in seconds since 1970. */
  timestamp?: number;
}

/** One sample. */
export interface MetricValue<T extends string> {
  /** The number. */
  value: number;
  /** The labels of the sample. */
  labels: LabelValues<T>;
  /** The name of the sample, where it is not the metric's: that of buckets, sums and counts. */
  metricName?: string;
  /** The newest exemplar of the sample, if the metric has some. */
  exemplar?: Exemplar | null | undefined;
}

/** A sample of a histogram or a summary. */
export type MetricValueWithName<T extends string> = MetricValue<T>;

/** What a metric says of itself. */
export interface MetricObject {
  /** The name of the metric. */
  name: string;
  /** What it counts, for people. */
  help: string;
  /** Its kind. */
  type: MetricType;
  /** How the samples of several processes become one. */
  aggregator: Aggregator;
  /** Called at each scrape. */
  collect?: CollectFunction<any>;
}

/** A metric and its samples. */
export interface MetricObjectWithValues<T extends MetricValue<string>> extends MetricObject {
  /** The samples, series by series. */
  values: T[];
}

/** An object of yours that a registry lists beside its metrics. */
export interface CustomMetric {
  /** The name that the registry knows it by. */
  name: string;
  /** Tells the samples, at each scrape. */
  get(): MetricObjectWithValues<MetricValue<string>> | Promise<MetricObjectWithValues<MetricValue<string>>>;
  /** Called by `resetMetrics` of the registry, which needs it. */
  reset?(): void;
}

/** What every metric is made from. */
export interface MetricConfiguration<T extends string> {
  /** The name of the metric, `http_requests_total` or the like. */
  name: string;
  /** What it counts, for people. */
  help: string;
  /** The names of its labels. */
  labelNames?: T[] | readonly T[];
  /** The registries that list it: the default one unless given, none if empty. */
  registers?: Registry<RegistryContentType>[];
  /** How the samples of several processes become one, in a cluster: `sum` unless given. */
  aggregator?: Aggregator;
  /** Called at each scrape, before the metric is read. What is returned is waited for. */
  collect?: CollectFunction<any>;
  /** Whether records may carry exemplars, which an OpenMetrics registry prints. */
  enableExemplars?: boolean;
  /**
   * How many series the metric has at most: 10,000 unless given, and in `tykmetrics/prom-client` as many as are asked for.
   * Records beyond go to one series with the label `otel_metric_overflow="true"`. A summary of the drop-in has no limit.
   */
  limit?: number;
}

/** The members that every metric has. */
export abstract class MetricBase<T extends string> {
  /** The name of the metric. */
  name: string;
  /** What it counts, for people. */
  help: string;
  /** Its kind. */
  readonly type: MetricType;
  /** The names of its labels. */
  readonly labelNames: readonly string[];
  /** The registries that list it. */
  readonly registers: readonly Registry<RegistryContentType>[];
  /** How the samples of several processes become one. */
  aggregator: Aggregator;
  /** Called at each scrape. */
  collect?: CollectFunction<any>;
  /** Whether records may carry exemplars. */
  readonly enableExemplars?: boolean;
  /** How many series it has at most, if its configuration said so. */
  readonly limit?: number;

  /** The metric and its samples. What `collect` returns is waited for. */
  get(): Promise<MetricObjectWithValues<MetricValue<T>>>;

  /** As `get`, at once: a `collect` that takes time is called and not waited for. */
  getSync(): MetricObjectWithValues<MetricValue<T>>;

  /** Begins the metric again, with nothing recorded. */
  reset(): void;

  /**
   * Removes the series of these label values.
   * @param values in the order of `labelNames`
   */
  remove(...values: (string | number)[]): void;

  /**
   * Removes the series of these labels.
   * @param labels values by name
   */
  remove(labels: LabelValues<T>): void;
}
