'use strict';

/** Registries, against prom-client's, with metrics of ours, foreign objects, and both in two registries at once. */

const { test } = require('node:test');
const assert = require('node:assert/strict');
const promClient = require('prom-client');

const dropIn = require('../prom-client');
const own = require('..');

async function told(library, run) {
  const register = new library.Registry();
  const make = (kind, name, config) =>
    new library[kind]({ name, help: `of ${name}`, registers: [register], ...config });
  let answer;
  let thrown;
  try {
    answer = await run({ library, make, register });
  } catch (error) {
    thrown = [error.name, error.message];
  }
  const json = structuredClone(
    await register.getMetricsAsJSON().catch(({ name, message }) => [name, message]),
  );
  const text = await register.metrics().catch(({ name, message }) => [name, message]);
  return { answer, thrown, text, json, contentType: register.contentType };
}

function agrees(sentence, run) {
  test(sentence, async () => {
    const theirs = await told(promClient, run);
    assert.deepEqual(await told(dropIn, run), theirs);
    assert.deepEqual(await told(own, run), theirs);
  });
}

function refuses(sentence, message, run) {
  agrees(sentence, run);
  test(`${sentence}, in so many words`, async () => {
    assert.match((await told(own, run)).thrown?.[1] ?? 'nothing was thrown', message);
  });
}

agrees('a registry of nothing is an empty line', () => {});
agrees('a registry of nothing is an end in OpenMetrics', ({ library, register }) => {
  register.setContentType(library.openMetricsContentType);
});
agrees('families are shown in the order in which they were registered', ({ make }) => {
  for (const name of ['z', 'a', 'm']) make('Gauge', name);
  make('Counter', 'labelled', { labelNames: ['x'] });
  make('Histogram', 'h', { buckets: [1] });
});
agrees('names that are numbers do not matter to the order more than they do there', ({ make }) => {
  for (const name of ['_2', '_1', 'a1', ':']) make('Counter', name);
});
agrees('counters lose their suffix in OpenMetrics, and samples have it', ({ library, make, register }) => {
  register.setContentType(library.openMetricsContentType);
  make('Counter', 'a_total').inc(2);
  make('Counter', 'b').inc(3);
  make('Gauge', 'c_total', { labelNames: ['x'] }).set({ x: 'q"\\\n' }, 1e21);
  make('Histogram', 'h', { buckets: [0.5, 1] }).observe(1);
});
agrees('the content type can be told and changed', ({ library, register }) => {
  const types = [register.contentType];
  register.setContentType(library.openMetricsContentType);
  types.push(register.contentType);
  register.setContentType(library.prometheusContentType);
  return [...types, library.Registry.PROMETHEUS_CONTENT_TYPE, library.Registry.OPENMETRICS_CONTENT_TYPE];
});
refuses('another content type is refused', /^Content type text\/html is unsupported$/, ({ register }) =>
  register.setContentType('text/html'),
);
refuses(
  'another content type is refused when it is made',
  /^Content type x is unsupported$/,
  ({ library }) => {
    new library.Registry('x');
  },
);

agrees('default labels are on every sample that does not have them', async ({ make, register }) => {
  register.setDefaultLabels({ app: 'a"b', zone: 7 });
  const c = make('Counter', 'c', { labelNames: ['x', 'zone'] });
  c.inc({ x: 1 });
  c.inc({ x: 1, zone: 'own' });
  make('Gauge', 'g').set(NaN);
  const h = make('Histogram', 'h', { labelNames: ['zone'], buckets: [1] });
  h.observe({ zone: 'own' }, 2);
  h.observe(Number.EPSILON);
});
agrees('default labels may come and go', async ({ make, register }) => {
  make('Gauge', 'g').set(3);
  register.setDefaultLabels({ app: 'x' });
  const labelled = await register.metrics();
  register.setDefaultLabels({});
  const bare = await register.metrics();
  register.setDefaultLabels({ app: 'y' });
  return [labelled, bare];
});
agrees(
  'a registry is cleared of its metrics and default labels, which go on by themselves',
  async ({ make, register }) => {
    register.setDefaultLabels({ app: 'x' });
    const old = make('Counter', 'c');
    register.clear();
    old.inc(5);
    make('Counter', 'c', { help: 'another', labelNames: ['x'] }).inc({ x: 1 });
    old.inc();
    return structuredClone(await old.get());
  },
);
agrees(
  'a metric that was removed can be registered again, with what it counted',
  async ({ make, register }) => {
    const c = make('Counter', 'c');
    c.inc();
    register.removeSingleMetric('c');
    register.removeSingleMetric('never');
    const without = await register.metrics();
    c.inc();
    make('Gauge', 'g');
    register.registerMetric(c);
    register.registerMetric(c);
    return [without, register.getMetricsAsArray().map(({ name }) => name)];
  },
);
refuses(
  'a name is taken until it is free',
  /^A metric with the name c has already been registered\.$/,
  ({ make, register }) => {
    make('Counter', 'c');
    register.removeSingleMetric('c');
    make('Gauge', 'c').set(4);
    make('Histogram', 'c');
  },
);
agrees('one metric is shown by itself', async ({ make, register }) => {
  make('Counter', 'c', { labelNames: ['x'] }).inc({ x: 'y' });
  make('Histogram', 'h', { buckets: [1] }).observe(3);
  return [await register.getSingleMetricAsString('c'), await register.getSingleMetricAsString('h')];
});
agrees('a metric is found by its name', ({ make, register }) => {
  const c = make('Counter', 'c');
  return [register.getSingleMetric('c') === c, register.getSingleMetric('never') === undefined];
});
agrees('a metric that is not there has no text', async ({ register }) => {
  await assert.rejects(register.getSingleMetricAsString('never'), { name: 'TypeError' });
});
agrees('resetting resets each as its kind does', async ({ make, register }) => {
  make('Counter', 'c').inc();
  make('Gauge', 'g', { labelNames: ['x'] }).set({ x: 1 }, 2);
  make('Histogram', 'h', { labelNames: ['x'], buckets: [1] }).observe({ x: 1 }, 2);
  make('Histogram', 'bare', { buckets: [1] }).observe(2);
  register.resetMetrics();
});
agrees(
  'a metric in two registries is in both, until it is taken out of one',
  async ({ library, make, register }) => {
    const other = new library.Registry();
    const c = make('Counter', 'c', { registers: [register, other] });
    c.inc();
    other.removeSingleMetric('c');
    c.inc();
    make('Gauge', 'c', { registers: [other] }).set(7);
    return other.metrics();
  },
);
agrees('names that the formats make of others may be taken', ({ make }) => {
  make('Histogram', 'h', { buckets: [1] }).observe(2);
  make('Counter', 'h_count').inc(3);
  make('Gauge', 'h_sum', { labelNames: ['x'] }).set({ x: 1 }, 4);
  make('Gauge', 'h_bucket').set(5);
  make('Counter', 'c').inc();
  make('Counter', 'c_total').inc(2);
});

agrees(
  'registries are merged, and share what they count from then on',
  async ({ library, make, register }) => {
    const other = new library.Registry();
    const c = make('Counter', 'c', { registers: [other] });
    make('Gauge', 'g');
    const merged = library.Registry.merge([register, other]);
    c.inc(9);
    return [await merged.metrics(), merged.contentType];
  },
);
refuses(
  'registries that share a name are not merged',
  /^A metric with the name c has already/,
  ({ library, make, register }) => {
    const other = new library.Registry();
    make('Counter', 'c');
    make('Counter', 'c', { registers: [other] });
    library.Registry.merge([register, other]);
  },
);
refuses(
  'registries of two content types are not merged',
  /have the same content type$/,
  ({ library, register }) => {
    library.Registry.merge([register, new library.Registry(library.openMetricsContentType)]);
  },
);

agrees('foreign objects are shown among the others', ({ make, register }) => {
  make('Gauge', 'before');
  const values = [
    { value: 3, labels: { q: '"\\\n', n: 5 } },
    { value: Infinity, metricName: 'f_more', labels: {} },
    { value: NaN },
    { value: -Infinity, labels: { a: 'b' }, sharedLabels: { shared: 'c', a: 'd' } },
  ];
  const get = () => ({ name: 'f', help: 'x\ny\\', type: 'untyped', values });
  register.registerMetric({ name: 'f', get });
  register.registerMetric({ name: 'empty', get: async () => ({ name: 'empty', help: '-', type: 'gauge' }) });
  make('Counter', 'after');
});
agrees("metrics of prom-client's own are foreign objects", ({ register }) => {
  const h = new promClient.Histogram({
    name: 'h',
    help: 'h',
    buckets: [1],
    labelNames: ['x'],
    registers: [register],
  });
  h.observe({ x: 'y' }, 0.5);
  new promClient.Counter({ name: 'c', help: 'c', registers: [register] }).inc(4);
});
agrees('help that was changed is shown as it is now', ({ make }) => {
  make('Gauge', 'g').help = 'better\nso';
});

for (const [how, collect] of Object.entries({
  throws() {
    throw new RangeError('no disk');
  },
  async rejects() {
    throw new RangeError('no disk');
  },
})) {
  agrees(`a scrape fails with the error of a function that ${how}`, ({ make }) => {
    make('Gauge', 'fine');
    make('Gauge', 'g', { collect });
  });
}

test('a scrape at once is the one that is waited for', async () => {
  const register = new own.Registry();
  const registers = [register];
  new own.Gauge({
    name: 'g',
    help: 'h',
    registers,
    collect() {
      this.set(4);
    },
  });
  new own.Histogram({ name: 'h', help: 'h', registers }).observe(3);
  new own.Counter({ name: 'c', help: 'ü', labelNames: ['x'], registers }).inc({ x: '☃' });
  register.registerMetric({
    name: 'f',
    get: () => ({ name: 'f', help: 'f', type: 'gauge', values: [{ value: 1 }] }),
  });
  assert.equal(register.metricsSync(), await register.metrics());
  register.setDefaultLabels({ app: 'x' });
  assert.equal(register.metricsSync(), await register.metrics());
});

test('a scrape at once has default labels where the other one has them', async () => {
  const register = new own.Registry();
  register.setDefaultLabels({ app: 'x' });
  const h = new own.Histogram({
    name: 'h',
    help: 'h',
    labelNames: ['y'],
    buckets: [1],
    registers: [register],
  });
  h.observe({ y: 'z' }, 3);
  assert.equal(register.metricsSync(), await register.metrics());
});

test('a scrape at once says which metric takes time', () => {
  const register = new own.Registry();
  register.registerMetric({ name: 'slow', get: async () => ({ name: 'slow', help: 'h', type: 'gauge' }) });
  assert.throws(() => register.metricsSync(), /slow takes time to collect: use what gives a promise/);
});

test('a constructor that is refused leaves nothing behind', async () => {
  const [first, second] = [new own.Registry(), new own.Registry()];
  new own.Gauge({ name: 'taken', help: 'h', registers: [second] });
  assert.throws(
    () => new own.Counter({ name: 'taken', help: 'h', registers: [first, second] }),
    /already been registered/,
  );
  assert.deepEqual(first.getMetricsAsArray(), []);
  assert.equal(await first.metrics(), '\n');
  new own.Counter({ name: 'taken', help: 'h', registers: [first] }).inc();
  assert.match(await first.metrics(), /^taken 1$/m);
});

test('the default registry is the one that metrics are in that name none', async () => {
  new own.Counter({ name: 'in_default', help: 'h' }).inc();
  new own.Counter({ name: 'in_none', help: 'h', registers: [] }).inc();
  assert.equal(own.register, own.Registry.globalRegistry);
  assert.equal(own.register, dropIn.register);
  assert.match(await own.register.metrics(), /^in_default 1$/m);
  assert.doesNotMatch(await own.register.metrics(), /in_none/);
  own.register.clear();
  assert.equal(await own.register.metrics(), '\n');
});

test('scrapes that are asked for at once all come, each whole', async () => {
  const register = new own.Registry();
  const c = new own.Counter({ name: 'c', help: 'h', labelNames: ['x'], registers: [register] });
  for (let i = 0; i < 500; i += 1) c.inc({ x: i });
  const texts = await Promise.all(Array.from({ length: 50 }, () => register.metrics()));
  assert.deepEqual([...new Set(texts)], [register.metricsSync()]);
});
