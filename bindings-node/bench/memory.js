'use strict';

/**
 * Memory of a counter series: a process for each contender, its memory before and after so many series.
 *
 *     node --expose-gc --max-semi-space-size=1 bench/memory.js tykmetrics 100000 unique
 *
 * prints the bytes of one series, as JSON: `heap` and `external` as V8 counts them, and `resident`, where the engine's own memory
 * is too.
 */

const { LABELS, libraryOf, sumOf } = require('./contenders');
const { OURS, PEER, inProcess, median, result, turned } = require('./timing');

const JOB = 'memory of a counter series';

/** What is told of a process, and the name of that job. */
const KINDS = { resident: JOB, heap: `${JOB}, heap alone`, external: `${JOB}, external alone` };

const METHODS = ['GET', 'POST', 'PUT'];

/** The labels of a series by its number: each with a text of its own, or ten values by a hundred by as many as it takes. */
const SHAPES = {
  unique: (n) => ({ method: METHODS[n % 3], endpoint: `/api/endpoint/${n}`, status: '200' }),
  product: (n) => ({
    method: `method ${n % 10}`,
    endpoint: `/api/endpoint/${Math.floor(n / 10) % 100}`,
    status: `${Math.floor(n / 1000)}`,
  }),
};

/** How a job is called of a shape. */
function nameOf(job, shape) {
  return shape === 'unique' ? job : job.replace(JOB, `${JOB} of few label values`);
}

/** With a small young generation: what it has grown to by the end is garbage, and as much for whomever. */
const FLAGS = ['--expose-gc', '--max-semi-space-size=1'];

/** Series that are there before anything is counted: by then code is compiled and tables have been begun. */
const FIRST = 1000;

/** Collects garbage and gives V8 time to return pages, then tells what is left. */
async function left() {
  for (let turn = 0; turn < 4; turn += 1) {
    globalThis.gc();
    await new Promise((done) => setTimeout(done, 50));
  }
  const { rss, heapUsed, external } = process.memoryUsage();
  return { resident: rss, heap: heapUsed, external };
}

/** Makes the series as a program does, and tells the bytes of each. */
async function measured(side, series, shape) {
  const library = libraryOf(side);
  const registry = new library.Registry();
  const family = new library.Counter({
    name: 'bench',
    help: 'Help.',
    labelNames: LABELS,
    registers: [registry],
    limit: series + FIRST + 1,
  });
  const make = (from, to) => {
    for (let n = from; n < to; n += 1) {
      family.inc(SHAPES[shape](n));
    }
  };
  make(0, FIRST);
  const before = await left();
  make(FIRST, FIRST + series);
  const after = await left();
  const shown = sumOf(await registry.metrics(), 'bench');
  if (shown !== FIRST + series) throw new Error(`${side} shows ${shown} of ${FIRST + series} series`);
  return Object.fromEntries(Object.keys(KINDS).map((kind) => [kind, (after[kind] - before[kind]) / series]));
}

/** Measures each contender in processes of its own. */
function run(series, rounds, say) {
  const sides = [OURS, PEER];
  const results = [];
  for (const shape of Object.keys(SHAPES)) {
    for (const job of Object.values(KINDS)) {
      for (const side of sides) results.push(result(nameOf(job, shape), side, 'bytes'));
    }
  }
  for (let round = 0; round < rounds; round += 1) {
    for (const shape of Object.keys(SHAPES)) {
      for (const side of turned(sides, round)) {
        const found = inProcess('memory.js', [side, series, shape], FLAGS);
        for (const [kind, job] of Object.entries(KINDS)) {
          const name = nameOf(job, shape);
          results.find((each) => each.job === name && each.side === side).rounds.push(found[kind]);
        }
      }
    }
    say(`memory, round ${round + 1} of ${rounds}`);
  }
  for (const each of results) each.value = median(each.rounds);
  return results;
}

if (require.main === module) {
  const [side, series, shape] = process.argv.slice(2);
  measured(side, Number(series), shape).then((found) => process.stdout.write(JSON.stringify(found)));
}

module.exports = { JOB, run };
