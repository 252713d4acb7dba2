'use strict';

/**
 * What histograms and summaries share: a value is counted through the engine's table, in cells that only this isolate writes.
 * Called by `histogram.js` and `summary.js`.
 */

const util = require('util');
const Table = require('./buckets-table');
const time = require('./time');
const { Bound, Metric } = require('./metric');
const { arrayOf, placeOf, words } = require('./cells');
const { refuseUnknown, valuesOf } = require('./labels');

function refuse(value) {
  throw new TypeError(`Value is not a valid number: ${util.format(value)}`);
}

/** Where a series' cells are. */
class Run {
  constructor(cells, at) {
    this._cells = cells;
    this._at = at;
  }
}

class BoundObserver extends Bound {
  _place(run) {
    super._place(run);
    this._table = this._metric._table;
  }

  /** Counts a value. */
  observe(value) {
    if (!Number.isFinite(value)) refuse(value);
    if (words[this._word] !== this._seen) this._bind();
    this._table.record(this._cells, this._at, value);
  }

  /** Begins a time, which the function that is given counts, in seconds. */
  startTimer(endLabels) {
    const names = this._metric._names;
    const labels = {};
    for (let i = 0; i < names.length; i += 1) {
      if (this._values[i] !== undefined) labels[names[i]] = this._values[i];
    }
    return this._metric.startTimer({ ...labels, ...endLabels });
  }
}

class Observer extends Metric {
  constructor(config, defaults, definition) {
    super(config, defaults, definition);
    if (this._names.length === 0) this._own = new BoundObserver(this, []);
  }

  _placeOf(cell) {
    this._table ??= new Table(this._native);
    const { width } = this._table;
    return new Run(arrayOf(cell, width), placeOf(cell, width));
  }

  /** Counts a value in the series of these labels, which a metric without any leaves out. */
  observe(labels, value) {
    if (typeof labels === 'object' && labels !== null) {
      this._observe(labels, value);
    } else if (labels === undefined || labels === null) {
      this._none().observe(value);
    } else {
      this._none().observe(labels);
    }
  }

  _observe(labels, value) {
    if (words[this._word] !== this._seen) this._look();
    let run = this._find(this._root, labels);
    if (run === undefined || !Number.isFinite(value)) {
      refuseUnknown(this._names, labels);
      if (!Number.isFinite(value)) refuse(value);
      run = this._cellOf(labels);
    }
    this._table.record(run._cells, run._at, value);
  }

  /** The series without labels. */
  _none() {
    return this._own ?? new BoundObserver(this, valuesOf(this._names));
  }

  /** Begins a time, which the function that is given counts, in seconds. */
  startTimer(labels) {
    const begin = time.start();
    return (endLabels) => {
      const seconds = time.since(begin);
      this.observe({ ...labels, ...endLabels }, seconds);
      return seconds;
    };
  }
}

Observer._Bound = BoundObserver;

module.exports = { BoundObserver, Observer };
