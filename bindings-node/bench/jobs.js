'use strict';

/**
 * The jobs of the record path: the same work, written as each library's users would write it.
 *
 *     node bench/jobs.js 'counter, bound' prom-client 0.2
 *
 * does one job as one contender and prints what it took; `compare.js` starts such a process for each contender and round.
 * Promised: what the library shows afterwards is what was recorded, or there is no figure. Those of requests are in
 * `requests.js`.
 */

const requests = require('./requests');
const { LABELS, Library, MANY, Meter, latencies, sets, shuffled } = require('./contenders');
const { LIMIT, OTEL, OURS, PEER, inProcess, loop, median, result, timed, turned } = require('./timing');

const BOTH = [OURS, PEER];
const MASK = MANY - 1;

const INC = 'counter, bound';
const OBSERVE = 'histogram, bound';
const LITERAL = '3 labels in a literal and inc';
const VARIED = '3 labels in varied objects and inc';
const BY_PLACE = '3 labels by place and inc';
const BY_PLACE_VARIED = '3 varied labels by place and inc';

const GIVEN = `{ method: 'POST', endpoint: '/api/chat/completions', status: '200' }`;
const PICKED = '{ method: s.method, endpoint: s.endpoint, status: s.status }';

/** A counter or a histogram of three labels beside a library's other metrics; `read` tells what was recorded in it. */
function family(side, kind) {
  if (side === OTEL) {
    const meter = new Meter();
    return { metric: meter[kind]('bench'), read: () => meter.sum('bench') };
  }
  const library = new Library(side);
  const [name, sample] =
    kind === 'counter' ? ['bench_total', 'bench_total'] : ['bench_seconds', 'bench_seconds_count'];
  return { metric: library[kind](name, LABELS), library, read: () => library.sum(sample) };
}

/** Loops over four children of one family, as a program has several. */
function bound(kind, call) {
  return (side) => {
    const { metric, read } = family(side, kind);
    const chosen = sets().filter((_, at) => at % 13 === 0);
    if (side === OTEL) {
      const method = kind === 'counter' ? 'add(1, ' : 'record(values[i++ & mask], ';
      const names = Object.fromEntries(chosen.map((set, at) => [`set${at}`, set]));
      const statements = chosen.map((_, at) => `metric.${method}set${at});`);
      return { ...loop(statements, { metric, values: latencies(), mask: MASK, ...names }), read };
    }
    const names = Object.fromEntries(chosen.map((set, at) => [`child${at}`, metric.labels(set)]));
    const statements = chosen.map((_, at) => `child${at}.${call};`);
    return { ...loop(statements, { ...names, values: latencies(), mask: MASK }), read };
  };
}

/** Adds to four doubles: about what nothing that is called can be faster than. */
function adds() {
  const cells = new Float64Array(64);
  const statements = [8, 17, 30, 43].map((at) => `cells[at + ${at}] += 1;`);
  return { ...loop(statements, { cells, at: 3 }), read: () => cells.reduce((sum, cell) => sum + cell) };
}

/** One metric without labels. */
function unlabelled(kind, call, otelCall) {
  return (side) => {
    const names = { values: latencies(), mask: MASK };
    if (side === OTEL) {
      const { metric, read } = family(side, kind);
      return { ...loop([`metric.${otelCall};`], { metric, ...names }), read };
    }
    const library = new Library(side);
    const metric = library[kind](kind === 'counter' ? 'bench_total' : 'bench_seconds');
    const sample = kind === 'counter' ? 'bench_total' : 'bench_seconds_count';
    return { ...loop([`metric.${call};`], { metric, ...names }), read: () => library.sum(sample) };
  };
}

/** A gauge shows the last value alone: the loop sets a count of its own. */
function set(side) {
  const library = new Library(side);
  const metric = library.gauge('bench_level', LABELS);
  const count = [0];
  const child = metric.labels(sets()[5]);
  return { ...loop(['child.set(count[0] += 1);'], { child, count }), read: () => library.sum('bench_level') };
}

/** One statement, over and over. `s` in it is a label set, another one each time. */
function labelled(kind, statement, otelStatement) {
  return (side) => {
    const { metric, read } = family(side, kind);
    const names = { metric, sets: shuffled(sets()), values: latencies(), mask: MASK };
    const line = `{ const s = sets[i++ & mask]; ${side === OTEL ? otelStatement : statement} }`;
    return { ...loop([line], names), read };
  };
}

/** As `labelled`, without a set that is looked up first. */
function literal(statement, otelStatement) {
  return (side) => {
    const { metric, read } = family(side, 'counter');
    return { ...loop([side === OTEL ? otelStatement : statement], { metric }), read };
  };
}

/** Texts that were never seen before, as a parser makes them: equal to others, and other objects. */
function freshly(side) {
  const { metric, read } = family(side, 'counter');
  const bytes = sets().map((s) => LABELS.map((name) => Buffer.from(s[name])));
  const order = shuffled(bytes);
  const add = side === OTEL ? (labels) => metric.add(1, labels) : (labels) => metric.inc(labels);
  return {
    step: 1,
    // Since the texts are all there at once.
    most: 50_000,
    run(times) {
      const fresh = Array.from({ length: times }, (_, n) => {
        const [method, endpoint, status] = order[n & MASK].map((each) => each.latin1Slice());
        return { method, endpoint, status };
      });
      const begin = performance.now();
      for (let n = 0; n < times; n += 1) {
        const { method, endpoint, status } = fresh[n];
        add({ method, endpoint, status });
      }
      return performance.now() - begin;
    },
    read,
  };
}

const JOBS = [
  {
    name: INC,
    sides: [...BOTH, OTEL, LIMIT],
    make: (side) => (side === LIMIT ? adds() : bound('counter', 'inc()')(side)),
  },
  { name: 'counter, bound, by 2', sides: BOTH, per: 2, make: bound('counter', 'inc(2)') },
  { name: OBSERVE, sides: [...BOTH, OTEL], make: bound('histogram', 'observe(values[i++ & mask])') },
  { name: 'gauge, bound, set', sides: BOTH, make: set },
  { name: 'counter, without labels', sides: [...BOTH, OTEL], make: unlabelled('counter', 'inc()', 'add(1)') },
  {
    name: 'histogram, without labels',
    sides: [...BOTH, OTEL],
    make: unlabelled('histogram', 'observe(values[i++ & mask])', 'record(values[i++ & mask])'),
  },
  {
    name: LITERAL,
    sides: [...BOTH, OTEL],
    make: literal(`metric.inc(${GIVEN});`, `metric.add(1, ${GIVEN});`),
  },
  {
    name: VARIED,
    sides: [...BOTH, OTEL],
    make: labelled('counter', `metric.inc(${PICKED});`, `metric.add(1, ${PICKED});`),
  },
  { name: '3 labels in fresh texts and inc', sides: [...BOTH, OTEL], make: freshly },
  {
    name: BY_PLACE,
    sides: BOTH,
    make: literal(`metric.labels('POST', '/api/chat/completions', '200').inc();`),
  },
  {
    name: BY_PLACE_VARIED,
    sides: BOTH,
    make: labelled('counter', 'metric.labels(s.method, s.endpoint, s.status).inc();'),
  },
  {
    name: '3 labels in varied objects and observe',
    sides: [...BOTH, OTEL],
    make: labelled(
      'histogram',
      `metric.observe(${PICKED}, values[i & mask]);`,
      `metric.record(values[i & mask], ${PICKED});`,
    ),
  },
  ...requests.JOBS,
];

/** Does every job by every contender, round after round, each in a process of its own. */
function run(jobs, rounds, seconds, say) {
  const results = jobs.flatMap((job) => job.sides.map((side) => result(job.name, side, 'ns')));
  for (let round = 0; round < rounds; round += 1) {
    for (const { name, sides } of jobs) {
      for (const side of turned(sides, round)) {
        const found = results.find((each) => each.job === name && each.side === side);
        found.rounds.push(inProcess('jobs.js', [name, side, seconds]).ns);
      }
    }
    if (jobs.length > 0) say(`records, round ${round + 1} of ${rounds}`);
  }
  for (const each of results) each.value = median(each.rounds);
  return results;
}

/** Does one job as one contender. */
async function once(name, side, seconds) {
  const job = JOBS.find((each) => each.name === name);
  const runner = job.make(side);
  const before = await runner.read();
  const { ns, made } = timed(runner, seconds);
  const shown = (await runner.read()) - before;
  if (shown !== made * (job.per ?? 1)) {
    throw new Error(`${name}, ${side}: ${made} times done, and ${shown} is shown`);
  }
  return { ns, made };
}

if (require.main === module) {
  const [name, side, seconds] = process.argv.slice(2);
  once(name, side, Number(seconds)).then((found) => process.stdout.write(JSON.stringify(found)));
}

module.exports = { BY_PLACE, BY_PLACE_VARIED, INC, JOBS, LITERAL, OBSERVE, VARIED, run };
