'use strict';

/**
 * How long something takes: loops made for it, warm-up, slices, and a process for each contender and round.
 *
 * Nothing here knows what is measured. A runner does a job a number of times and says how long that took; a result is what one
 * contender needed for one job, in every round. Called by `jobs.js`, `scrapes.js` and `memory.js`.
 */

const { execFileSync } = require('node:child_process');
const path = require('node:path');

const OURS = 'tykmetrics';
const PEER = 'prom-client';
const OTEL = '@opentelemetry/sdk-metrics';
const LIMIT = 'limit';

/** Statements in the body of a loop at least, so that the loop itself is a small part. */
const UNROLLED = 8;

/** Of a process: the middle one counts, so that one collection of garbage or one busy neighbour does not. */
const SLICES = 5;

/** Tiers of V8's compilers are climbed by calls too, and not by long loops alone. */
const CALLS = 30;

/**
 * A runner of statements that take turns. Their names are parameters, so V8 cannot take them for constants, and `i` moves on
 * with every statement that says `i++`.
 *
 * @param {string[]} statements
 * @param {Object<string, unknown>} names
 */
function loop(statements, names) {
  const lines = Array(Math.ceil(UNROLLED / statements.length))
    .fill(statements)
    .flat();
  const source = `
    let i = 0;
    for (let turn = 0; turn < turns; turn += 1) {
      ${lines.join('\n      ')}
    }
    return i;`;
  const body = new Function('turns', ...Object.keys(names), source);
  const values = Object.values(names);
  return {
    step: lines.length,
    run(times) {
      const begin = performance.now();
      body(times / lines.length, ...values);
      return performance.now() - begin;
    },
  };
}

/**
 * Warms a runner up, times it, and tells the nanoseconds of once and how often it was done in all.
 * @param {{step: number, most?: number, run: (times: number) => number}} runner whose times are multiples of `step`
 * @param {number} seconds that are timed; warming up takes as long
 */
function timed({ step, most = Infinity, run }, seconds) {
  let made = 0;
  const count = (times) => {
    made += times;
    return run(times);
  };
  const fitting = (times) => Math.max(1, Math.floor(Math.min(times, most) / step)) * step;
  for (let call = 0; call < CALLS; call += 1) count(step * 20);
  let times = fitting(step * 100);
  let took = 0;
  let last = 0;
  for (let warm = 0; warm < seconds * 1e3; warm += took) {
    took = count(times);
    last = times;
    if (took < (seconds * 1e3) / 8) times = fitting(times * 2);
  }
  times = fitting((last * seconds * 1e3) / SLICES / took);
  const slices = [];
  for (let slice = 0; slice < SLICES; slice += 1) slices.push((count(times) / times) * 1e6);
  return { ns: median(slices), made };
}

/** What a program of this folder prints as JSON, in a process of its own. */
function inProcess(file, args, flags = []) {
  const said = execFileSync(process.execPath, [...flags, path.join(__dirname, file), ...args.map(String)], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return JSON.parse(said);
}

/** The contenders of a round: each round begins with another one, so that nobody always comes after the same one. */
function turned(contenders, round) {
  const shift = round % Math.max(1, contenders.length);
  return [...contenders.slice(shift), ...contenders.slice(0, shift)];
}

function result(job, side, unit) {
  return { job, side, value: NaN, unit, rounds: [], times_ours: null };
}

function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

module.exports = { LIMIT, OTEL, OURS, PEER, inProcess, loop, median, result, timed, turned };
