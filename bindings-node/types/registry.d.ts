/** Registries, and what the workers of a cluster send the primary. */

import type { Aggregator, CustomMetric, Metric, MetricObjectWithValues, MetricValue } from './metric.js';

/** The encoding of both texts. */
export type Charset = 'utf-8';

/** The type of Prometheus' text format. */
export type PrometheusMIME = 'text/plain';
/** The version of Prometheus' text format. */
export type PrometheusMetricsVersion = '0.0.4';

/** The type of OpenMetrics. */
export type OpenMetricsMIME = 'application/openmetrics-text';
/** The version of OpenMetrics. */
export type OpenMetricsVersion = '1.0.0';

/** What an answer in OpenMetrics says of itself. */
export type OpenMetricsContentType = `${OpenMetricsMIME}; version=${OpenMetricsVersion}; charset=${Charset}`;
/** What an answer in Prometheus' text format says of itself. */
export type PrometheusContentType =
  `${PrometheusMIME}; version=${PrometheusMetricsVersion}; charset=${Charset}`;

/** What a registry prints. */
export type RegistryContentType = PrometheusContentType | OpenMetricsContentType;

/**
 * Which metrics are scraped together, and the scrape.
 *
 * The default one is the process's: what worker threads record in it is in every scrape.
 */
export class Registry<BoundRegistryContentType extends RegistryContentType = PrometheusContentType> {
  /** @param contentType what it prints: Prometheus' text format unless given */
  constructor(contentType?: BoundRegistryContentType);

  /** Everything as text of the registry's content type. The event loop is free while the engine prints. */
  metrics(): Promise<string>;

  /** As `metrics`, at once: a `collect` that takes time is called and not waited for. */
  metricsSync(): string;

  /** Removes every metric and the default labels. */
  clear(): void;

  /** Begins every metric again, with nothing recorded. */
  resetMetrics(): void;

  /**
   * Lists a metric: one that was made without `registers`, or any object with `name` and `get()`.
   * @param metric its name must not be taken
   */
  registerMetric<T extends string>(metric: Metric<T> | CustomMetric): void;

  /** Everything as objects. */
  getMetricsAsJSON(): Promise<MetricObjectWithValues<MetricValue<string>>[]>;

  /** The metrics that are listed. */
  getMetricsAsArray(): Metric<string>[];

  /**
   * Takes a metric out.
   * @param name of the metric
   */
  removeSingleMetric(name: string): void;

  /**
   * The metric of this name, if it is listed.
   * @param name of the metric
   */
  getSingleMetric<T extends string>(name: string): Metric<T> | undefined;

  /**
   * Gives every sample labels that it does not have itself.
   * @param labels values by name
   */
  setDefaultLabels(labels: object): void;

  /**
   * One metric as text.
   * @param name of a metric that is listed
   */
  getSingleMetricAsString(name: string): Promise<string>;

  /**
   * A metric as text, whether it is listed or not.
   * @param metric to print
   */
  getMetricsAsString<T extends string>(metric: Metric<T> | CustomMetric): Promise<string>;

  /** What the registry prints: the value of an answer's `Content-Type`. */
  readonly contentType: BoundRegistryContentType;

  /**
   * Makes the registry print another format.
   * @param contentType `Registry.PROMETHEUS_CONTENT_TYPE` or `Registry.OPENMETRICS_CONTENT_TYPE`
   */
  setContentType(contentType: RegistryContentType): void;

  /**
   * A registry with the metrics of several.
   * @param registers of one content type, at least one
   */
  static merge<T extends RegistryContentType = PrometheusContentType>(registers: Registry<T>[]): Registry<T>;

  /** The default registry, which is also exported as `register`. */
  static readonly globalRegistry: Registry;

  /** The content type of Prometheus' text format. */
  static readonly PROMETHEUS_CONTENT_TYPE: PrometheusContentType;

  /** The content type of OpenMetrics. */
  static readonly OPENMETRICS_CONTENT_TYPE: OpenMetricsContentType;
}

/** The default registry: metrics are in it unless they are told otherwise. */
export const register: Registry;

/** The content type of the default registry. An ES module has the one at the time of the import: ask `register` there. */
export const contentType: RegistryContentType;

/** The content type of Prometheus' text format. */
export const prometheusContentType: PrometheusContentType;

/** The content type of OpenMetrics. */
export const openMetricsContentType: OpenMetricsContentType;

/**
 * Whether a text may be the name of a metric.
 * @param name to look at
 */
export function validateMetricName(name: string): boolean;

/** The metrics of all workers of a cluster, asked of the primary. Worker threads need none of this. */
export class AggregatorRegistry<T extends RegistryContentType = PrometheusContentType> extends Registry<T> {
  /** @param regContentType what it prints: Prometheus' text format unless given */
  constructor(regContentType?: T);

  /** The metrics of all workers together, as text; empty if there are none. */
  clusterMetrics(): Promise<string>;

  /**
   * Puts together what several registries told, by the `aggregator` of each metric.
   * @param metricsArr what `getMetricsAsJSON()` of each registry gave
   * @param registryType what the new registry prints
   */
  static aggregate<T extends RegistryContentType = PrometheusContentType>(
    metricsArr: object[],
    registryType?: T,
  ): Registry<T>;

  /**
   * Which registries a worker answers with, instead of the default one.
   * @param regs one or several
   */
  static setRegistries(regs: Registry<RegistryContentType> | Registry<RegistryContentType>[]): void;
}

/** Makes one metric of what several processes say of it, or none. */
export type AggregatorFunction = (
  metrics: MetricObjectWithValues<MetricValue<string>>[],
) => MetricObjectWithValues<MetricValue<string>> | undefined;

/** The ways in which samples of several processes become one. */
export const aggregators: Record<Aggregator, AggregatorFunction>;
