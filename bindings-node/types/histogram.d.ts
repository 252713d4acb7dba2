/** Histograms. */

import type {
  CollectFunction,
  LabelValues,
  MetricBase,
  MetricConfiguration,
  MetricObjectWithValues,
  MetricValueWithName,
} from './metric.js';

/** What a histogram is made from. */
export interface HistogramConfiguration<T extends string> extends MetricConfiguration<T> {
  /** The upper bounds of the buckets: those of prom-client, 5 ms to 10 s, unless given. */
  buckets?: number[];
  /**
   * `compact` keeps the buckets that are asked for and no more: for very many series. Otherwise each series also has native
   * buckets and quantiles within 1.6 %.
   */
  store?: 'compact';
  /** Called at each scrape, before the histogram is read, with the histogram as `this`. */
  collect?: CollectFunction<Histogram<T>>;
}

/** What a histogram with exemplars is given. */
export interface ObserveDataWithExemplar<T extends string> {
  /** What was measured. */
  value: number;
  /** Which series. */
  labels?: LabelValues<T>;
  /** The labels of the exemplar, of 128 characters at most together. */
  exemplarLabels?: LabelValues<string>;
}

/** Counts values in buckets, with their sum: durations, sizes. */
export class Histogram<T extends string = string> extends MetricBase<T> {
  /** @param configuration `name` and `help` at least */
  constructor(configuration: HistogramConfiguration<T>);

  /** The upper bounds of the buckets, as they were given. */
  readonly buckets: readonly number[];
  /** The same. */
  readonly upperBounds: readonly number[];
  /** How series are kept, if the configuration said so. */
  readonly store?: 'compact';

  /**
   * Counts a value in a histogram without labels.
   * @param value a finite number
   */
  observe(value: number): void;

  /**
   * Counts a value in the series of these labels.
   * @param labels values by name; one that the histogram does not have is an error
   * @param value a finite number
   */
  observe(labels: LabelValues<T>, value: number): void;

  /**
   * Counts a value, for a histogram with `enableExemplars`.
   * @param observeData labels, value and the exemplar's labels
   */
  observe(observeData: ObserveDataWithExemplar<T>): void;

  /**
   * As `observe` of a histogram with `enableExemplars`.
   * @param observeData labels, value and the exemplar's labels
   */
  observeWithExemplar(observeData: ObserveDataWithExemplar<T>): void;

  /**
   * As `observe` of a histogram without exemplars.
   * @param labels values by name
   * @param value a finite number
   */
  observeWithoutExemplar(labels: LabelValues<T>, value: number): void;

  /** The histogram and its samples: buckets, sums and counts. */
  get(): Promise<MetricObjectWithValues<MetricValueWithName<T | 'le'>>>;

  /** As `get`, at once: a `collect` that takes time is called and not waited for. */
  getSync(): MetricObjectWithValues<MetricValueWithName<T | 'le'>>;

  /** As `get`, with the labels of a series (`sharedLabels`) apart from those of its samples. */
  getForPromString(): Promise<MetricObjectWithValues<Histogram.SharedValue<T>>>;

  /**
   * Begins a time. The function that is returned counts the seconds since then, and returns them.
   * @param labels values by name; those that are given at the end are added
   */
  startTimer(labels?: LabelValues<T>): (labels?: LabelValues<T>) => number;

  /**
   * As above, for a histogram with `enableExemplars`.
   * @param labels values by name; those that are given at the end are added
   * @param exemplarLabels those of the exemplar; those that are given at the end are added
   */
  startTimer(
    labels?: LabelValues<T>,
    exemplarLabels?: LabelValues<string>,
  ): (labels?: LabelValues<T>, exemplarLabels?: LabelValues<string>) => number;

  /**
   * Makes the series of these labels, or begins it again, with nothing observed.
   * @param labels values by name
   */
  zero(labels: LabelValues<T>): void;

  /**
   * The series of these label values, to keep: recording through it costs a few nanoseconds.
   * @param values in the order of `labelNames`
   */
  labels(...values: (string | number)[]): Histogram.Child<T>;

  /**
   * The series of these labels, to keep: recording through it costs a few nanoseconds.
   * @param labels values by name
   */
  labels(labels: LabelValues<T>): Histogram.Child<T>;
}

export namespace Histogram {
  /** A series, as prom-client has it. */
  interface Internal<T extends string> {
    /**
     * Counts a value.
     * @param value a finite number
     */
    observe(value: number): void;

    /** Begins a time, which the function that is returned counts. */
    startTimer(): (labels?: LabelValues<T>) => void;
  }

  /** A series. Keep it, and call its methods on it: `child.observe(1)`. */
  interface Child<T extends string> extends Internal<T> {
    /**
     * Counts a value.
     * @param value a finite number
     */
    observe(value: number): void;

    /**
     * Counts a value of a histogram with `enableExemplars`.
     * @param observeData value and the exemplar's labels
     */
    observe(observeData: Omit<ObserveDataWithExemplar<T>, 'labels'>): void;

    /**
     * Begins a time. The function that is returned counts the seconds since then, and returns them.
     * @param labels more of them, by name
     * @param exemplarLabels those of the exemplar, for a histogram with `enableExemplars`
     */
    startTimer(
      labels?: LabelValues<T>,
      exemplarLabels?: LabelValues<string>,
    ): (labels?: LabelValues<T>, exemplarLabels?: LabelValues<string>) => number;
  }

  /** A sample whose series' labels are apart. */
  interface SharedValue<T extends string> extends MetricValueWithName<T | 'le'> {
    /** The labels of the series. */
    sharedLabels: LabelValues<T>;
  }

  /** What only histograms are configured with. */
  interface Config {
    /** The upper bounds of the buckets. */
    buckets?: number[];
  }
}
