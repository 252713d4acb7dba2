'use strict';

/**
 * Where a value of a histogram or a summary is counted: the engine's table, and the two adds.
 *
 * Called by `histogram.js` and `summary.js`. The table is the engine's and so are its rules (`tykmetrics::shape`); what is here is
 * the way through it without a call.
 */

const native = require('./native');

/** The double that is looked at, and its halves. */
const looked = new Float64Array(1);
const halves = new Int32Array(looked.buffer);
const [LOW, HIGH] = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1 ? [0, 1] : [1, 0];

/** The bits of a cell's number that say which of its page's eight sums it belongs to are the lowest; these are not. */
const NOT_SUM = ~504;

class Table {
  constructor(metric) {
    const { width, bounds, first, splits, cells, more, furtherSplits } = native.table(metric);
    this.width = width;
    this.bounds = bounds && new Float64Array(bounds);
    this.first = first ?? 0;
    this.splits = splits && new Float64Array(splits);
    this.cells = cells && new Int32Array(cells);
    this.more = more && new Int32Array(more);
    this.furtherSplits = furtherSplits && new Float64Array(furtherSplits);
  }

  /** Counts a finite value in the series that begins at `base` of `array`. */
  record(array, base, value) {
    const { cells } = this;
    if (cells === undefined) {
      this.recordCompact(array, base, value);
      return;
    }
    looked[0] = value;
    const high = halves[HIGH];
    // The bits above the 47th, and one more if any below are set: a power of two ends its bucket, as `le` wants it.
    let at = (high >> 15) + (((high & 0x7fff) | halves[LOW]) !== 0 ? 1 : 0) - this.first;
    if (at < 0) at = 0;
    else if (at >= cells.length) at = cells.length - 1;
    let cell = cells[at];
    if (value > this.splits[at]) {
      cell += 1;
      if (this.more[at] !== 0) cell += this.further(this.more[at] - 1, value);
    }
    array[base + cell] += 1;
    array[base + (cell & NOT_SUM)] += value;
  }

  /** How many further bounds of a bucket lie below a value. */
  further(from, value) {
    let at = from;
    while (value > this.furtherSplits[at]) at += 1;
    return at - from;
  }

  recordCompact(array, base, value) {
    const { bounds } = this;
    let at = 0;
    while (at < bounds.length && value > bounds[at]) at += 1;
    array[base + 1 + at] += 1;
    array[base] += value;
  }
}

module.exports = Table;
