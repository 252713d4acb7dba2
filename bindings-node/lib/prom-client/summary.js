'use strict';

/**
 * prom-client's summary: a t-digest for each series, and its numbers to the last digit. It is not the engine's, so it knows
 * nothing of other isolates and costs what a digest costs; the package's own `Summary` does better. Called by the drop-in.
 */

const util = require('util');
const { TDigest } = require('tdigest');
const { configure } = require('../config');
const time = require('../time');
const { hide } = require('../metric');
const { refuseCount, refuseUnknown, textOf, valuesOf } = require('../labels');

/** prom-client's. */
const PERCENTILES = [0.01, 0.05, 0.5, 0.9, 0.95, 0.99, 0.999];

/** A window of digests that each get every value, and begin anew one after the other. */
class Window {
  constructor(maxAgeSeconds, ageBuckets) {
    this.rotates = Boolean(maxAgeSeconds && ageBuckets);
    this.digests = Array.from({ length: this.rotates ? ageBuckets : 1 }, () => new TDigest());
    this.stepMillis = (maxAgeSeconds * 1000) / ageBuckets;
    this.current = 0;
    this.turnedAt = Date.now();
  }

  /** The digest of the whole window. */
  get digest() {
    while (this.rotates && Date.now() - this.turnedAt > this.stepMillis) {
      this.digests[this.current] = new TDigest();
      this.current = (this.current + 1) % this.digests.length;
      this.turnedAt += this.stepMillis;
    }
    return this.digests[this.current];
  }

  push(value, compresses) {
    void this.digest;
    for (const digest of this.digests) {
      digest.push(value);
      if (compresses) digest.compress();
    }
  }
}

class Summary {
  constructor(config) {
    configure(this, config, { percentiles: PERCENTILES.slice(), compressCount: 1000 });
    if (this.labelNames.includes('quantile')) throw new Error('quantile is a reserved label keyword');
    hide(this, { _names: [...this.labelNames].sort(), _series: new Map() });
    for (const register of this.registers) register.registerMetric(this);
    this.type = 'summary';
    if (this.labelNames.length === 0) this._of({});
  }

  _key(labels) {
    return valuesOf(this._names, labels).map(textOf).join('\0');
  }

  _of(labels) {
    const key = this._key(labels);
    let series = this._series.get(key);
    if (series === undefined) {
      series = { labels, window: new Window(this.maxAgeSeconds, this.ageBuckets), count: 0, sum: 0 };
      this._series.set(key, series);
    }
    return series;
  }

  /** Counts a value in the series of these labels, which a metric without any leaves out. */
  observe(labels, value) {
    if (value === undefined) this._observe({}, labels);
    else this._observe(labels || {}, value);
  }

  _observe(labels, value) {
    refuseUnknown(this.labelNames, labels);
    if (!Number.isFinite(value)) throw new TypeError(`Value is not a valid number: ${util.format(value)}`);
    const series = this._of(labels);
    series.count += 1;
    series.sum += value;
    series.window.push(value, series.count % this.compressCount === 0);
  }

  _given(args) {
    if (typeof args[0] !== 'object') {
      refuseCount(this.labelNames, args);
      return Object.fromEntries(this.labelNames.map((name, i) => [name, args[i]]));
    }
    refuseUnknown(this.labelNames, args[0]);
    return args[0] ?? {};
  }

  /** The series of these label values, in the order of the names or as an object, to be kept. */
  labels(...values) {
    const labels = this._given(values);
    return {
      observe: (value) => this._observe(labels, value),
      startTimer: (more) => this.startTimer({ ...labels, ...more }),
    };
  }

  /** Removes the series of these label values. */
  remove(...values) {
    this._series.delete(this._key(this._given(values)));
  }

  /** Begins every series again at nothing. */
  reset() {
    for (const series of this._series.values()) {
      series.window = new Window(this.maxAgeSeconds, this.ageBuckets);
      series.count = 0;
      series.sum = 0;
    }
  }

  /** Begins a time, which the function that is given counts, in seconds. */
  startTimer(labels) {
    const begin = time.start();
    return (endLabels) => {
      const seconds = time.since(begin);
      this._observe({ ...labels, ...endLabels }, seconds);
      return seconds;
    };
  }

  async get() {
    const answer = this.collect?.();
    if (typeof answer?.then === 'function') await answer;
    return this._tell();
  }

  /** As `get`, at once: a function that takes time to collect is not waited for. */
  getSync() {
    this.collect?.();
    return this._tell();
  }

  _tell() {
    const values = [];
    for (const [key, { labels, window, count, sum }] of this._series) {
      const { digest } = window;
      if (this.pruneAgedBuckets && digest.size() === 0) {
        this._series.delete(key);
        continue;
      }
      digest.compress();
      for (const quantile of this.percentiles) {
        values.push({ labels: { quantile, ...labels }, value: digest.percentile(quantile) || 0 });
      }
      values.push({ metricName: `${this.name}_sum`, labels, value: sum });
      values.push({ metricName: `${this.name}_count`, labels, value: count });
    }
    return { name: this.name, help: this.help, type: this.type, values, aggregator: this.aggregator };
  }
}

module.exports = Summary;
