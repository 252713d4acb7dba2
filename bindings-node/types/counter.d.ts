/** Counters. */

import type { CollectFunction, LabelValues, MetricBase, MetricConfiguration } from './metric.js';

/** What a counter is made from. */
export interface CounterConfiguration<T extends string> extends MetricConfiguration<T> {
  /** Called at each scrape, before the counter is read, with the counter as `this`. */
  collect?: CollectFunction<Counter<T>>;
}

/** What a counter with exemplars is given. */
export interface IncreaseDataWithExemplar<T extends string> {
  /** What to add: 1 unless given. */
  value?: number;
  /** Which series. */
  labels?: LabelValues<T>;
  /** The labels of the exemplar, of 128 characters at most together. */
  exemplarLabels?: LabelValues<string>;
}

/** A number that only goes up: requests, errors, bytes. */
export class Counter<T extends string = string> extends MetricBase<T> {
  /** @param configuration `name` and `help` at least */
  constructor(configuration: CounterConfiguration<T>);

  /**
   * Adds to the series of these labels.
   * @param labels values by name; one that the counter does not have is an error
   * @param value what to add: 1 unless given, never negative
   */
  inc(labels: LabelValues<T>, value?: number): void;

  /**
   * Adds to a counter without labels.
   * @param value what to add: 1 unless given, never negative
   */
  inc(value?: number): void;

  /**
   * Adds, for a counter with `enableExemplars`.
   * @param incData labels, value and the exemplar's labels
   */
  inc(incData: IncreaseDataWithExemplar<T>): void;

  /**
   * As `inc` of a counter with `enableExemplars`.
   * @param incData labels, value and the exemplar's labels
   */
  incWithExemplar(incData?: IncreaseDataWithExemplar<T>): void;

  /**
   * As `inc` of a counter without exemplars.
   * @param labels values by name
   * @param value what to add: 1 unless given
   */
  incWithoutExemplar(labels?: LabelValues<T>, value?: number): void;

  /**
   * The series of these label values, to keep: recording through it costs a few nanoseconds.
   * @param values in the order of `labelNames`
   */
  labels(...values: (string | number)[]): Counter.Child;

  /**
   * The series of these labels, to keep: recording through it costs a few nanoseconds.
   * @param labels values by name
   */
  labels(labels: LabelValues<T>): Counter.Child;
}

export namespace Counter {
  /** A series, as prom-client has it. */
  interface Internal {
    /**
     * Adds to the series.
     * @param value what to add: 1 unless given, never negative
     */
    inc(value?: number): void;
  }

  /** A series. Keep it, and call its methods on it: `child.inc()`. */
  interface Child extends Internal {
    /**
     * Adds to the series.
     * @param value what to add: 1 unless given, never negative
     */
    inc(value?: number): void;

    /**
     * Adds to the series of a counter with `enableExemplars`.
     * @param incData value and the exemplar's labels
     */
    inc(incData: Omit<IncreaseDataWithExemplar<string>, 'labels'>): void;
  }
}
