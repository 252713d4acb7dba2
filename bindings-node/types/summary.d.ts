/** Summaries. */

import type {
  CollectFunction,
  LabelValues,
  MetricBase,
  MetricConfiguration,
  MetricObjectWithValues,
  MetricValueWithName,
} from './metric.js';

/** What a summary is made from. */
export interface SummaryConfiguration<T extends string> extends MetricConfiguration<T> {
  /** Which quantiles, from 0 to 1: those of prom-client unless given. */
  percentiles?: number[];
  /** Of how many seconds the quantiles are, if `ageBuckets` is given too: of all time otherwise. */
  maxAgeSeconds?: number;
  /** In how many steps the window moves. */
  ageBuckets?: number;
  /** Whether series go whose window is empty. */
  pruneAgedBuckets?: boolean;
  /** After how many values a digest is compressed, in the drop-in. */
  compressCount?: number;
  /** Called at each scrape, before the summary is read, with the summary as `this`. */
  collect?: CollectFunction<Summary<T>>;
}

/**
 * Quantiles of values, of all time or of a sliding window, with their count and sum. Within 1.6 % in `tykmetrics`, where the
 * engine works them out at the scrape; prom-client's t-digest in `tykmetrics/prom-client`.
 */
export class Summary<T extends string = string> extends MetricBase<T> {
  /** @param configuration `name` and `help` at least */
  constructor(configuration: SummaryConfiguration<T>);

  /** Which quantiles. */
  readonly percentiles: readonly number[];
  /** Of how many seconds the quantiles are, if the configuration said so. */
  readonly maxAgeSeconds?: number;
  /** In how many steps the window moves, if the configuration said so. */
  readonly ageBuckets?: number;
  /** Whether series go whose window is empty, if the configuration said so. */
  readonly pruneAgedBuckets?: boolean;
  /** After how many values a digest is compressed, in the drop-in. */
  readonly compressCount: number;

  /**
   * Counts a value in a summary without labels.
   * @param value a finite number
   */
  observe(value: number): void;

  /**
   * Counts a value in the series of these labels.
   * @param labels values by name; one that the summary does not have is an error
   * @param value a finite number
   */
  observe(labels: LabelValues<T>, value: number): void;

  /** The summary and its samples: quantiles, sums and counts. */
  get(): Promise<MetricObjectWithValues<MetricValueWithName<T | 'quantile'>>>;

  /** As `get`, at once: a `collect` that takes time is called and not waited for. */
  getSync(): MetricObjectWithValues<MetricValueWithName<T | 'quantile'>>;

  /**
   * Begins a time. The function that is returned counts the seconds since then, and returns them.
   * @param labels values by name; those that are given at the end are added
   */
  startTimer(labels?: LabelValues<T>): (labels?: LabelValues<T>) => number;

  /**
   * The series of these label values, to keep: recording through it costs a few nanoseconds.
   * @param values in the order of `labelNames`
   */
  labels(...values: (string | number)[]): Summary.Internal<T>;

  /**
   * The series of these labels, to keep: recording through it costs a few nanoseconds.
   * @param labels values by name
   */
  labels(labels: LabelValues<T>): Summary.Internal<T>;
}

export namespace Summary {
  /** A series. Keep it, and call its methods on it: `child.observe(1)`. */
  interface Internal<T extends string> {
    /**
     * Counts a value.
     * @param value a finite number
     */
    observe(value: number): void;

    /**
     * Begins a time. The function that is returned counts the seconds since then, and returns them.
     * @param labels more of them, by name
     */
    startTimer(labels?: LabelValues<T>): (labels?: LabelValues<T>) => number;
  }

  /** What only summaries are configured with. */
  interface Config {
    /** Which quantiles, from 0 to 1. */
    percentiles?: number[];
  }
}
