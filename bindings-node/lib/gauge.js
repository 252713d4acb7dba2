'use strict';

/**
 * Gauges: set, or moved either way. Each isolate moves a cell of its own, and a scrape adds them up. Setting one is a store
 * while the process has had no other isolate; from then on the engine is asked what the others' cells hold.
 */

const util = require('util');
const native = require('./native');
const time = require('./time');
const { Bound, Metric } = require('./metric');
const { add, put, words } = require('./cells');
const { textOf, valuesOf } = require('./labels');

/** How often a value is set that other isolates move at the same moment. */
const TRIES = 8;

function refuse(what, value) {
  throw new TypeError(`${what} is not a valid number: ${util.format(value)}`);
}

function deltaOf(value) {
  if (value === undefined) return 1;
  if (typeof value !== 'number') refuse('Delta', value);
  return value;
}

class BoundGauge extends Bound {
  /** Adds 1, or what is given. */
  inc(value) {
    if (words[this._word] !== this._seen) this._bind();
    this._cells[this._at] += value === undefined ? 1 : deltaOf(value);
  }

  /** Takes 1 away, or what is given. */
  dec(value) {
    if (words[this._word] !== this._seen) this._bind();
    this._cells[this._at] -= value === undefined ? 1 : deltaOf(value);
  }

  /** Sets the value. */
  set(value) {
    if (typeof value !== 'number') refuse('Value', value);
    if (words[this._word] !== this._seen) this._bind();
    if (words[0] === 0) this._cells[this._at] = value;
    else this._settle(value);
  }

  /** Sets the value among other isolates. Where their cells leave no exact rest, the series begins anew. */
  _settle(value) {
    const texts = this._values.map(textOf);
    for (let tries = 0; tries < TRIES; tries += 1) {
      if (native.set(this._metric._native, texts, this._cells, this._at, value)) return;
      this._bind();
    }
  }

  setToCurrentTime() {
    this.set(Date.now() / 1000);
  }

  /** Begins a time, which the function that is given sets the gauge to, in seconds. */
  startTimer() {
    return this._metric.startTimer(labelsOf(this));
  }
}

function labelsOf(bound) {
  const names = bound._metric._names;
  const labels = {};
  for (let i = 0; i < names.length; i += 1) {
    if (bound._values[i] !== undefined) labels[names[i]] = bound._values[i];
  }
  return labels;
}

class Gauge extends Metric {
  constructor(config) {
    super(config, {}, () => ({ kind: 'gauge' }));
    this.type = 'gauge';
    if (this._names.length === 0) this._own = new BoundGauge(this, []);
  }

  /** Adds 1, or `value`, to the series of these labels, which a metric without any leaves out. */
  inc(labels, value) {
    if (typeof labels !== 'object' || labels === null) this._none().inc(labels);
    else this._move(labels, deltaOf(value));
  }

  /** Takes 1 away, or `value`. */
  dec(labels, value) {
    if (typeof labels !== 'object' || labels === null) this._none().dec(labels);
    else this._move(labels, -deltaOf(value));
  }

  _move(labels, delta) {
    if (words[this._word] !== this._seen) this._look();
    add(this._find(this._root, labels) ?? this._cellOf(labels), delta);
  }

  /** Sets the series of these labels, which a metric without any leaves out. */
  set(labels, value) {
    if (typeof labels !== 'object' || labels === null) {
      this._none().set(labels);
      return;
    }
    if (typeof value !== 'number') refuse('Value', value);
    if (words[this._word] !== this._seen) this._look();
    const place = this._find(this._root, labels) ?? this._cellOf(labels);
    if (words[0] === 0) put(place, value);
    else this.labels(labels).set(value);
  }

  setToCurrentTime(labels) {
    const now = Date.now() / 1000;
    if (labels === undefined) this.set(now);
    else this.set(labels, now);
  }

  /** Begins a time, which the function that is given sets the gauge to, in seconds. */
  startTimer(labels) {
    const begin = time.start();
    return (endLabels) => {
      const seconds = time.since(begin);
      this.set({ ...labels, ...endLabels }, seconds);
      return seconds;
    };
  }

  /** The series without labels. */
  _none() {
    return this._own ?? new BoundGauge(this, valuesOf(this._names));
  }

  _getValue(labels) {
    const texts = valuesOf(this._names, labels).map(textOf);
    const value = native.level(this._native, texts);
    return Number.isNaN(value) ? 0 : value;
  }

  _values() {
    return this._read((labels, [value]) => ({ value, labels }));
  }
}

Gauge._Bound = BoundGauge;

module.exports = Gauge;
