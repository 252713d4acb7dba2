'use strict';

/**
 * The drop-in is prom-client, byte for byte: random programs run against both, and after every few steps their texts, their
 * objects and what they refused are compared.
 *
 * Programs keep to what the two agree on. The place of a series that was removed is given to another one once there was a scrape, so
 * programs that remove are compared whatever the order of series, and those that do not in the order that there is.
 */

const { test } = require('node:test');
const assert = require('node:assert/strict');
const { inspect } = require('node:util');
const promClient = require('prom-client');

const dropIn = require('../prom-client');

const SEEDS = Number(process.env.SEEDS ?? 80);
const STEPS = 120;

/** Numbers from a seed (a linear congruential generator, of which the high bits are used). */
class Random {
  constructor(seed) {
    this.state = seed * 7919 + 17;
    for (let i = 0; i < 5; i += 1) this.below(2);
  }

  below(count) {
    this.state = (Math.imul(this.state, 1664525) + 1013904223) >>> 0;
    return Math.floor((this.state / 2 ** 32) * count);
  }

  of(choices) {
    return choices[this.below(choices.length)];
  }

  chance(percent) {
    return this.below(100) < percent;
  }
}

const NAMES = ['a', 'b_total', 'c', 'd:e', 'f_sum', 'g_count', 'a_total', 'x_bucket', '_9'];
const HELPS = ['h', 'What \\ and\nwhy', 'é ☃ 😀', '{}#'];
const LABEL_SETS = [[], ['x'], ['x', 'y'], ['method', 'status', 'path'], ['z', 'a']];
const LABELS = [
  'GET',
  'a"b',
  '\\',
  'line\nfeed',
  '☃',
  '😀\u0000',
  ' ',
  'null',
  5,
  -1.5,
  true,
  1e21,
  'x'.repeat(300),
  ',',
];
const AMOUNTS = [1, 0, 2.5, 0.1, 1 / 3, 1e-7, 1e21, 2 ** 53, 5e-324, 123456789.125];
/** prom-client has a gauge of -0, which takes nothing away from nothing. */
const TAKEN = AMOUNTS.filter((amount) => amount !== 0);
const LEVELS = [...AMOUNTS, -1, -0.1, NaN, Infinity, -Infinity, -1e300];
/** Their sums have no rounding, which comes in another order in a histogram of ours. */
const OBSERVED = [1, 0.5, 0.25, 2, 3, 4.125, 0, -2, 1024, 0.0078125, 2 ** 20 + 0.5];
const WRONG = ['1', 'x', Symbol.iterator, {}, [], () => 1, 'Infinity'];

const SORTED = { sorted: true, depth: 9, maxStringLength: Infinity };

/** One library's side of a program. */
class Side {
  constructor(library, contentType) {
    this.library = library;
    this.register = new library.Registry(contentType);
    this.metrics = new Map();
    this.kept = new Map();
  }

  run(step) {
    try {
      step(this);
      return undefined;
    } catch (error) {
      return [error.name, error.message, error instanceof Error, error instanceof TypeError];
    }
  }

  async shown(isSorted) {
    const json = structuredClone(await this.register.getMetricsAsJSON());
    const text = await this.register.metrics();
    if (isSorted)
      for (const metric of json) metric.values = metric.values.map((value) => inspect(value, SORTED)).sort();
    return { text: isSorted ? text.split('\n').sort().join('\n') : text, json };
  }
}

const METHODS = {
  Counter: ['inc'],
  Gauge: ['inc', 'dec', 'set'],
  Histogram: ['observe'],
  Summary: ['observe'],
};

/** Makes the steps of a program. It knows what is registered and which series there are. */
class Program {
  constructor(random, isOpenMetrics, removes) {
    this.random = random;
    this.removes = removes;
    this.isOpenMetrics = isOpenMetrics;
    this.known = new Map();
  }

  step() {
    const { random } = this;
    if (this.known.size === 0 || random.chance(8)) return this.make();
    const name = random.of([...this.known.keys()]);
    const metric = this.known.get(name);
    const chance = random.below(100);
    if (chance < 62) return this.record(name, metric);
    if (chance < 74) return this.recordKept(name, metric);
    if (chance < 80) return this.refused(name, metric);
    if (chance < 91 && !this.removes) return this.record(name, metric);
    if (chance < 88) return this.remove(name, metric);
    if (chance < 91) return this.reset(name);
    if (chance < 95) return this.drop(name);
    // A counter that OpenMetrics took the suffix of is another one then.
    if (chance < 97 || (this.isOpenMetrics && name.endsWith('_total'))) return this.clear();
    return this.again(name);
  }

  make() {
    const { random } = this;
    const [name, kind] = [random.of(NAMES), random.of(Object.keys(METHODS))];
    const enableExemplars = this.isOpenMetrics && kind !== 'Gauge' && kind !== 'Summary' && random.chance(40);
    const config = { name, help: random.of(HELPS), labelNames: random.of(LABEL_SETS), enableExemplars };
    if (kind === 'Histogram') config.buckets = random.of([[], [1], [0.25, 0.5, 1, 2, 4], [-2, 0, 1000]]);
    if (kind === 'Summary' && random.chance(50)) config.percentiles = [0.5, 0.9];
    if (random.chance(20)) config.aggregator = 'max';
    // A name that is taken is refused by both.
    if (!this.known.has(name)) this.known.set(name, { kind, config, series: new Map() });
    return (side) => {
      const metric = new side.library[kind]({ ...config, registers: [side.register] });
      side.metrics.set(name, metric);
      for (const key of side.kept.keys()) if (key.startsWith(`${name}|`)) side.kept.delete(key);
    };
  }

  labels({ labelNames }, isWhole = false) {
    const { random } = this;
    const pairs = labelNames.map((label) => [label, random.of(LABELS)]);
    return Object.fromEntries(isWhole ? pairs : pairs.filter(() => random.chance(85)));
  }

  amount(kind, method) {
    if (kind === 'Counter') return this.random.of(AMOUNTS);
    if (kind === 'Gauge') return this.random.of(method === 'dec' ? TAKEN : LEVELS);
    return this.random.of(OBSERVED);
  }

  record(name, { kind, config, series }) {
    const { random } = this;
    const [method, labels] = [random.of(METHODS[kind]), this.labels(config)];
    const amount = this.amount(kind, method);
    series.set(JSON.stringify(labels), labels);
    if (config.enableExemplars) {
      const exemplarLabels = random.chance(50) ? { trace: random.of(['t"', 'u']) } : undefined;
      return (side) => side.metrics.get(name)[method]({ labels, value: amount, exemplarLabels });
    }
    const how = random.below(4);
    if (how === 0 && method !== 'set' && method !== 'observe') {
      return (side) => side.metrics.get(name)[method](labels);
    }
    const whole = config.labelNames.every((label) => label in labels);
    if (how === 1 && whole) {
      const childOf = (side) => side.metrics.get(name).labels(...Object.values(labels));
      return (side) => childOf(side)[method](amount);
    }
    if (how === 2) return (side) => side.metrics.get(name).labels(labels)[method](amount);
    return (side) => side.metrics.get(name)[method](labels, amount);
  }

  /** Through a child that is kept, of a series that is or was there: prom-client makes a series when it is recorded in. */
  recordKept(name, metric) {
    const { kind, config, series } = metric;
    if (series.size === 0 || config.enableExemplars) return this.record(name, metric);
    const key = this.random.of([...series.keys()]);
    const method = this.random.of(METHODS[kind]);
    const [labels, amount] = [series.get(key), this.amount(kind, method)];
    return (side) => {
      const child = side.kept.get(`${name}|${key}`) ?? side.metrics.get(name).labels(labels);
      side.kept.set(`${name}|${key}`, child);
      child[method](amount);
    };
  }

  refused(name, { kind, config }) {
    const { random } = this;
    const [labels, wrong] = [this.labels(config), random.of(WRONG)];
    const method = kind === 'Gauge' ? random.of(['inc', 'set']) : random.of(METHODS[kind]);
    const given = config.enableExemplars ? [{ labels, value: wrong }] : [labels, wrong];
    const ways = [
      (metric) => metric[method](...given),
      (metric) => metric.labels(...Array(config.labelNames.length + 1).fill('x')),
      (metric) => metric.remove({ ...labels, no_such: 1 }),
      (metric) => metric.remove(...Array(config.labelNames.length + 2).fill(7)),
    ];
    // Beside the labels there are, and in the place of some of them.
    const others = random.chance(50) ? this.labels(config) : {};
    if (!config.enableExemplars) ways.push((metric) => metric[method]({ ...others, no_such: 1 }, 1));
    const way = random.of(ways);
    return (side) => way(side.metrics.get(name));
  }

  remove(name, { config, series }) {
    const known = this.random.of([...series.keys(), undefined]);
    const labels = known ? series.get(known) : this.labels(config, true);
    const whole = config.labelNames.every((label) => label in labels);
    if (whole && this.random.chance(50))
      return (side) => side.metrics.get(name).remove(...Object.values(labels));
    return (side) => side.metrics.get(name).remove(labels);
  }

  reset(name) {
    return (side) => side.metrics.get(name).reset();
  }

  drop(name) {
    this.known.delete(name);
    return (side) => side.register.removeSingleMetric(name);
  }

  clear() {
    this.known.clear();
    return (side) => side.register.clear();
  }

  /** A metric that was removed and registered again is the same, at the end. */
  again(name) {
    return (side) => {
      const metric = side.register.getSingleMetric(name);
      side.register.removeSingleMetric(name);
      side.register.registerMetric(metric);
    };
  }
}

/** Runs a program against both, and compares them. */
async function compare(seed, contentType) {
  const random = new Random(seed);
  const removes = seed % 2 === 0;
  const program = new Program(random, contentType === promClient.Registry.OPENMETRICS_CONTENT_TYPE, removes);
  const sides = [promClient, dropIn].map((library) => new Side(library, contentType));
  // From the beginning, since prom-client keeps default labels with what it has shown as objects.
  const defaults = random.of([{}, {}, { app: 'it"s' }, { x: 'default', n: 5 }]);
  for (const { register } of sides) register.setDefaultLabels(defaults);
  let refusals = 0;
  for (let step = 0; step < STEPS; step += 1) {
    const run = program.step();
    const [theirs, ours] = sides.map((side) => side.run(run));
    assert.deepEqual(ours, theirs, `seed ${seed}, step ${step}`);
    if (theirs !== undefined) refusals += 1;
    if (!random.chance(15) && step < STEPS - 1) continue;
    const [before, after] = [await sides[0].shown(removes), await sides[1].shown(removes)];
    assert.equal(after.text, before.text, `seed ${seed}, step ${step}`);
    assert.deepEqual(after.json, before.json, `seed ${seed}, step ${step}`);
    if (!removes && !Object.keys(defaults).length) assert.equal(sides[1].register.metricsSync(), before.text);
  }
  return refusals;
}

for (const [format, contentType] of [
  ['the text format', promClient.Registry.PROMETHEUS_CONTENT_TYPE],
  ['OpenMetrics', promClient.Registry.OPENMETRICS_CONTENT_TYPE],
]) {
  test(`random programs are told as prom-client tells them, in ${format}`, async () => {
    const now = Date.now;
    Date.now = () => 1.7e12 + 250;
    let refusals = 0;
    try {
      for (let seed = 1; seed <= SEEDS; seed += 1) refusals += await compare(seed, contentType);
    } finally {
      Date.now = now;
    }
    // So that programs go on saying what is to be refused.
    assert.ok(refusals > SEEDS, `${refusals}`);
  });
}

test("the module has prom-client's names and no less", () => {
  const names = new Set(Object.keys(dropIn));
  assert.deepEqual(
    Object.keys(promClient).filter((name) => !names.has(name)),
    [],
  );
  for (const kind of Object.keys(METHODS)) {
    const theirs = Object.getOwnPropertyNames(promClient[kind].prototype).filter(
      (name) => !name.startsWith('update'),
    );
    for (const name of theirs) {
      if (!/^inc\w*Exemplar$/.test(name))
        assert.equal(typeof dropIn[kind].prototype[name], 'function', `${kind}.${name}`);
    }
  }
});

test('rules for bounds are the same', () => {
  const told = ({ linearBuckets, exponentialBuckets }) => {
    const all = [];
    for (const [rule, ...given] of [
      [linearBuckets, 1, 2, 5],
      [linearBuckets, -0.3, 0.1, 9],
      [linearBuckets, 1, 2, 0],
      [exponentialBuckets, 0.001, 1.7, 30],
      [exponentialBuckets, 0, 2, 3],
      [exponentialBuckets, 1, 2, 0],
      [exponentialBuckets, 1, 1, 4],
    ]) {
      try {
        all.push(rule(...given));
      } catch ({ name, message }) {
        all.push([name, message]);
      }
    }
    return all;
  };
  assert.deepEqual(told(dropIn), told(promClient));
});
