'use strict';

/** Counters: they only go up. Recording adds to one cell of this isolate. */

const util = require('util');
const Exemplars = require('./exemplars');
const { Bound, Metric, hide } = require('./metric');
const { add, words } = require('./cells');
const { refuseUnknown, textOf, valuesOf } = require('./labels');

/** The amount that is meant, or an error. */
function amountOf(value) {
  if (value === undefined || value === null) return 1;
  if (typeof value !== 'number' || !Number.isFinite(value)) {
    throw new TypeError(`Value is not a valid number: ${util.format(value)}`);
  }
  if (value < 0) throw new Error('It is not possible to decrease a counter');
  return value;
}

class BoundCounter extends Bound {
  /** Adds 1, or what is given. */
  inc(value) {
    if (words[this._word] !== this._seen) this._bind();
    if (value === undefined) {
      this._cells[this._at] += 1;
    } else {
      this._cells[this._at] += amountOf(value);
    }
  }
}

class Counter extends Metric {
  constructor(config) {
    super(config, {}, () => ({ kind: 'counter' }));
    this.type = 'counter';
    if (this.enableExemplars) {
      hide(this, { _exemplars: new Exemplars(this._native) });
      this.inc = this.incWithExemplar;
    }
    if (this._names.length === 0) this._own = new BoundCounter(this, []);
  }

  /** Adds 1, or `value`, to the series of these labels, which a metric without any leaves out. */
  inc(labels, value) {
    if (typeof labels !== 'object' || labels === null) {
      this._none().inc(labels);
      return;
    }
    if (words[this._word] !== this._seen) this._look();
    const cell = this._find(this._root, labels);
    if (cell === undefined) {
      this._incSlowly(labels, value);
    } else if (value === undefined) {
      add(cell, 1);
    } else {
      add(cell, amountOf(value));
    }
  }

  _incSlowly(labels, value) {
    refuseUnknown(this._names, labels);
    const amount = amountOf(value);
    add(this._cellOf(labels), amount);
  }

  /** The series without labels. */
  _none() {
    return this._own ?? new BoundCounter(this, valuesOf(this._names));
  }

  /** As `inc`, for a counter with exemplars: `inc({labels, value, exemplarLabels})`. */
  incWithExemplar({ labels, value, exemplarLabels } = {}) {
    this.incWithoutExemplar(labels, value);
    if (exemplarLabels === undefined) return;
    this._exemplars.keep(valuesOf(this._names, labels).map(textOf), 0, exemplarLabels, value || 1);
  }

  /** As `inc` of a counter without exemplars. */
  incWithoutExemplar(labels, value) {
    if (labels === undefined) this._none().inc(value);
    else Counter.prototype.inc.call(this, labels, value);
  }

  _bound(...args) {
    if (!this.enableExemplars) return super._bound(...args);
    const bound = new BoundCounter(this, this._valuesOf(args));
    return { inc: (given) => this._incBound(bound, given) };
  }

  _incBound(bound, given) {
    const labels = Object.fromEntries(this._names.map((name, i) => [name, bound._values[i]]));
    this.incWithExemplar(
      typeof given === 'object' && given !== null ? { labels, ...given } : { labels, value: given },
    );
  }

  reset() {
    this._exemplars?.clear();
    super.reset();
  }

  _values() {
    const exemplarsOf = this._exemplars?.shown();
    return this._read((labels, [value], texts) => {
      const exemplar = exemplarsOf?.(texts)[0];
      return exemplar === undefined ? { value, labels } : { value, labels, exemplar };
    });
  }
}

Counter._Bound = BoundCounter;

module.exports = Counter;
