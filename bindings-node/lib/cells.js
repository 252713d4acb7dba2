'use strict';

/**
 * The memory that this isolate records in: where the cell of a number is, and how it is added to.
 *
 * Every series has a number, and its cell holds a double that only this isolate writes; a scrape adds the cells of all isolates
 * up. Cells lie in the engine's own memory where the runtime can reach that, else in memory of the runtime's that the engine
 * was told of: `TYKMETRICS_MEMORY=v8` asks for the latter. Called by the metric classes. Absent: what a cell counts.
 */

const native = require('./native');

/** Numbers of single cells and short runs: the engine gives them out first, for as long as they last. */
const SCALARS = 1 << 17;

/** Single cells beyond them are lent in blocks of 32 KiB, a few pages each. */
const BLOCK = 1 << 12;

const opened = native.open();

/** Whether the engine's own memory is used. */
const reachable = globalThis.process?.env?.TYKMETRICS_MEMORY !== 'v8' && opened.limit > 0;

function lend(first, count) {
  const window = reachable && first + count <= opened.limit ? native.window(first, count) : null;
  return new Float64Array(window ?? native.lend(first, count));
}

/** The cells of the first numbers, which is nearly all there are. */
const scalars = lend(0, SCALARS);

/**
 * Words of this isolate: the first is not 0 once the process has had another isolate; each metric has one of the others, which
 * moves on when a series of it is removed, by whomever.
 */
const words = new Uint32Array(opened.words);

const blocks = new Map();

function blockOf(cell) {
  const first = cell - (cell % BLOCK);
  let block = blocks.get(first);
  if (block === undefined) {
    block = lend(first, BLOCK);
    blocks.set(first, block);
  }
  return block;
}

/**
 * The array that a series' cells lie in.
 * @param {number} cell its first
 * @param {number} width how many
 */
function arrayOf(cell, width) {
  if (cell + width <= SCALARS) return scalars;
  return width === 1 ? blockOf(cell) : lend(cell, width);
}

/** Where in that array they begin. */
function placeOf(cell, width) {
  if (cell + width <= SCALARS) return cell;
  return width === 1 ? cell % BLOCK : 0;
}

/** Adds to a single cell, which is given by its number or as what is bound to it. */
function add(place, value) {
  if (typeof place !== 'number') {
    place._cells[place._at] += value;
  } else if (place < SCALARS) {
    scalars[place] += value;
  } else {
    blockOf(place)[place % BLOCK] += value;
  }
}

/** Sets a single cell, given as to `add`. */
function put(place, value) {
  if (typeof place !== 'number') place._cells[place._at] = value;
  else arrayOf(place, 1)[placeOf(place, 1)] = value;
}

module.exports = { SCALARS, add, arrayOf, placeOf, put, reachable, scalars, words };
