'use strict';

/**
 * A scrape of many series: how long it takes, and how long it holds the event loop.
 *
 *     node bench/scrapes.js counters 100000 'tykmetrics, metrics()' 3
 *
 * makes the series and scrapes them so often as one contender, in a process of its own, which `compare.js` starts for each and
 * for every round. The event loop is kept busy with turns that do nothing but look at the clock: it is held for the longest time
 * between two of them, while the result is made and given out included.
 */

const { LABELS, libraryOf } = require('./contenders');
const { LIMIT, OURS, PEER, inProcess, median, result, turned } = require('./timing');

const RENDER = 'scrape';
const HELD = 'event loop held by a scrape';

/** Ways to scrape; each gives a text, or bytes where the format is not text. */
const WAYS = {
  [OURS]: (registry) => registry.metrics(),
  [`${OURS}, metricsSync()`]: (registry) => registry.metricsSync(),
  [`${OURS}, render('text')`]: (registry) => libraryOf(OURS).render('text', { registry }),
  [`${OURS}, render('protobuf')`]: (registry) => libraryOf(OURS).render('protobuf', { registry }),
  [PEER]: (registry) => registry.metrics(),
};

/** Ours without a scrape: the event loop by itself, for as long as a scrape takes. */
const QUIET = `${LIMIT}, no scrape`;

/** Histograms are scraped in the ways that they are a matter of their own in. */
const SIDES = {
  counters: [...Object.keys(WAYS), QUIET],
  histograms: [OURS, `${OURS}, render('protobuf')`, PEER],
};

const METHODS = ['GET', 'POST', 'PUT'];

/** Latencies that are binary fractions add up without rounding. */
const SECONDS = [0.00390625, 0.0625, 0.25, 2];

/** Makes a family of three labels with so many series, and tells what they add up to. */
function filled(side, kind, series) {
  const library = libraryOf(side);
  const registry = new library.Registry();
  const config = {
    name: 'bench',
    help: 'Help.',
    labelNames: LABELS,
    registers: [registry],
    limit: series + 1,
  };
  const metric = kind === 'counters' ? new library.Counter(config) : new library.Histogram(config);
  let sum = 0;
  for (let n = 0; n < series; n += 1) {
    const child = metric.labels(METHODS[n % 3], `/api/endpoint/${n}`, '200');
    const value = kind === 'counters' ? n : SECONDS[n % 4];
    sum += value;
    if (kind === 'counters') child.inc(value);
    else child.observe(value);
  }
  return { registry, sum };
}

/** Refuses an exposition that does not have every series, each with its value. */
function check(side, shown, kind, series, sum) {
  if (typeof shown !== 'string') shown = shown.toString('latin1');
  if (side.includes('protobuf')) {
    // Read no further than this: the format's own tests are in `test/`.
    const found = shown.match(/\/api\/endpoint\/\d+/g)?.length;
    if (found !== series) throw new Error(`${side} shows ${found} of ${series} series`);
    return;
  }
  const sample = kind === 'counters' ? 'bench{' : 'bench_sum{';
  const lines = shown.split('\n').filter((line) => line.startsWith(sample));
  const total = lines.reduce((all, line) => all + Number(line.slice(line.lastIndexOf(' '))), 0);
  if (lines.length !== series || total !== sum) {
    throw new Error(`${side} shows ${lines.length} of ${series} series, which add up to ${total} of ${sum}`);
  }
}

/** Turns the event loop until it is told to stop, and keeps the longest time between two turns. */
class Turning {
  constructor() {
    this.longest = 0;
    this.turns = 0;
    this.isDone = false;
    this.last = performance.now();
    this.turn = () => {
      this.look();
      this.turns += 1;
      if (!this.isDone) setImmediate(this.turn);
    };
    setImmediate(this.turn);
  }

  look() {
    const now = performance.now();
    this.longest = Math.max(this.longest, now - this.last);
    this.last = now;
  }

  /** The longest time since it began, what is going on now included. */
  stop() {
    this.look();
    this.isDone = true;
    return this.longest;
  }
}

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

/** Scrapes alone, then beside turns of the event loop. */
async function measured(kind, series, side, times) {
  const way = WAYS[side] ?? WAYS[OURS];
  const { registry, sum } = filled(side === PEER ? PEER : OURS, kind, series);
  check(side, await way(registry), kind, series, sum);
  const took = [];
  const held = [];
  let turns = 0;
  for (let time = 0; time < times; time += 1) {
    await pause(20);
    let begin = performance.now();
    await way(registry);
    took.push(performance.now() - begin);
    await pause(20);
    const turning = new Turning();
    // The first turns are slow: the loop comes from waiting.
    while (turning.turns < 100) await new Promise(setImmediate);
    turning.longest = 0;
    turning.look();
    begin = turning.turns;
    if (side === QUIET) await pause(took.at(-1));
    else await way(registry);
    held.push(turning.stop());
    turns += turning.turns - begin;
  }
  return { took: median(took), held: median(held), turns };
}

/** Scrapes by each contender in turn, each in a process of its own. */
function run(kind, series, rounds, times, say) {
  const sides = SIDES[kind];
  const of = ` of ${series.toLocaleString('en')} ${kind}`;
  const took = sides.map((side) => result(RENDER + of, side, 'ms'));
  const held = sides.map((side) => result(HELD + of, side, 'ms'));
  for (let round = 0; round < rounds; round += 1) {
    for (const side of turned(sides, round)) {
      const found = inProcess('scrapes.js', [kind, series, side, times]);
      took[sides.indexOf(side)].rounds.push(found.took);
      held[sides.indexOf(side)].rounds.push(found.held);
    }
    say(`scrapes of ${kind}, round ${round + 1} of ${rounds}`);
  }
  for (const each of [...took, ...held]) each.value = median(each.rounds);
  // What took as long as a scrape without being one is no result.
  return [...took.filter(({ side }) => side !== QUIET), ...held];
}

if (require.main === module) {
  const [kind, series, side, times] = process.argv.slice(2);
  measured(kind, Number(series), side, Number(times)).then((found) =>
    process.stdout.write(JSON.stringify(found)),
  );
}

module.exports = { HELD, RENDER, run };
