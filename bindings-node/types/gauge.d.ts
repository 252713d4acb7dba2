/** Gauges. */

import type { CollectFunction, LabelValues, MetricBase, MetricConfiguration } from './metric.js';

/** What a gauge is made from. */
export interface GaugeConfiguration<T extends string> extends MetricConfiguration<T> {
  /** Called at each scrape, before the gauge is read, with the gauge as `this`. */
  collect?: CollectFunction<Gauge<T>>;
}

/** A number that goes up and down: connections, temperatures, sizes of queues. */
export class Gauge<T extends string = string> extends MetricBase<T> {
  /** @param configuration `name` and `help` at least */
  constructor(configuration: GaugeConfiguration<T>);

  /**
   * Adds to the series of these labels.
   * @param labels values by name; one that the gauge does not have is an error
   * @param value what to add: 1 unless given
   */
  inc(labels: LabelValues<T>, value?: number): void;

  /**
   * Adds to a gauge without labels.
   * @param value what to add: 1 unless given
   */
  inc(value?: number): void;

  /**
   * Takes away from the series of these labels.
   * @param labels values by name
   * @param value what to take away: 1 unless given
   */
  dec(labels: LabelValues<T>, value?: number): void;

  /**
   * Takes away from a gauge without labels.
   * @param value what to take away: 1 unless given
   */
  dec(value?: number): void;

  /**
   * Sets the series of these labels.
   * @param labels values by name
   * @param value the value
   */
  set(labels: LabelValues<T>, value: number): void;

  /**
   * Sets a gauge without labels.
   * @param value the value
   */
  set(value: number): void;

  /**
   * Sets the series of these labels to the seconds since 1970.
   * @param labels values by name
   */
  setToCurrentTime(labels?: LabelValues<T>): void;

  /**
   * Begins a time. The function that is returned sets the gauge to the seconds since then, and returns them.
   * @param labels values by name; those that are given at the end are added
   */
  startTimer(labels?: LabelValues<T>): (labels?: LabelValues<T>) => number;

  /**
   * The series of these label values, to keep: recording through it costs a few nanoseconds.
   * @param values in the order of `labelNames`
   */
  labels(...values: (string | number)[]): Gauge.Internal<T>;

  /**
   * The series of these labels, to keep: recording through it costs a few nanoseconds.
   * @param labels values by name
   */
  labels(labels: LabelValues<T>): Gauge.Internal<T>;
}

export namespace Gauge {
  /** A series. Keep it, and call its methods on it: `child.set(1)`. */
  interface Internal<T extends string> {
    /**
     * Adds to the series.
     * @param value what to add: 1 unless given
     */
    inc(value?: number): void;

    /**
     * Takes away from the series.
     * @param value what to take away: 1 unless given
     */
    dec(value?: number): void;

    /**
     * Sets the series.
     * @param value the value
     */
    set(value: number): void;

    /** Sets the series to the seconds since 1970. */
    setToCurrentTime(): void;

    /** Begins a time. The function that is returned sets the series to the seconds since then, and returns them. */
    startTimer(): (labels?: LabelValues<T>) => number;
  }
}
