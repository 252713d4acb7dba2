'use strict';

/** What is removed, what overflows, and what is given in another form than it was recorded in: no record goes astray. */

const { test } = require('node:test');
const assert = require('node:assert/strict');
const { once } = require('node:events');
const { spawnSync } = require('node:child_process');
const { Worker } = require('node:worker_threads');

const { Counter, Gauge, Histogram, Registry, Summary, requestMetrics } = require('..');
const dropIn = require('../prom-client');

const PACKAGE = JSON.stringify(require.resolve('..'));

function fresh(Kind, config) {
  const registry = new Registry();
  return [new Kind({ name: 'm', help: 'h', labelNames: ['id'], registers: [registry], ...config }), registry];
}

const valuesOf = async (metric) => (await metric.get()).values.map(({ labels, value }) => [labels.id, value]);

/** Scrapes, which gives removed series' cells away, and makes series of another family that take them. */
async function reuse(registry, other) {
  for (let round = 0; round < 3; round += 1) {
    await registry.metrics();
    for (let at = 0; at < 50; at += 1) other.inc({ x: `${round}-${at}` });
  }
}

for (const [what, remove] of [
  ['a number', (c) => c.remove(1)],
  ['an object with a number', (c) => c.remove({ id: 1 })],
  ['an object that is that text', (c) => c.remove({ id: { toString: () => '1' } })],
]) {
  test(`a series that was recorded by a text and removed by ${what} takes no other series' cell`, async () => {
    const [c, registry] = fresh(Counter);
    const other = new Counter({ name: 'other', help: 'h', labelNames: ['x'], registers: [registry] });
    c.inc({ id: '1' }, 5);
    const kept = c.labels('1');
    remove(c);
    await reuse(registry, other);
    c.inc({ id: '1' }, 7);
    kept.inc(10);
    assert.deepEqual(await valuesOf(c), [['1', 17]]);
    for (const { value } of (await other.get()).values) assert.equal(value, 1);
  });
}

test('a series that was recorded by a text and made zero by a number counts on', async () => {
  const [h] = fresh(Histogram, { buckets: [1] });
  h.observe({ id: '7' }, 1);
  h.zero({ id: 7 });
  h.observe({ id: '7' }, 1);
  const { values } = await h.get();
  assert.equal(values.find(({ metricName }) => metricName === 'm_count').value, 1);
});

test('values that are objects are one series by their text, and are not kept', async () => {
  const [c] = fresh(Counter);
  for (let at = 0; at < 1000; at += 1) c.inc({ id: { toString: () => 'same' } });
  assert.equal((await c.get()).values.length, 1);
  assert.equal((await c.get()).values[0].value, 1000);
});

test('a gauge that overflows holds what was set last, also in a process with workers', async () => {
  const worker = new Worker(`require(${PACKAGE})`, { eval: true });
  await once(worker, 'exit');
  const [g] = fresh(Gauge, { limit: 2 });
  g.set({ id: '1' }, 1);
  g.set({ id: '2' }, 2);
  g.inc({ id: '3' }, 5);
  g.set({ id: '4' }, 7);
  g.inc({ id: '3' }, 1);
  const { values } = await g.get();
  assert.deepEqual(values.at(-1), { labels: { otel_metric_overflow: 'true' }, value: 8 });
});

test('a summary that overflows is scraped, reset and pruned', async () => {
  const [s, registry] = fresh(Summary, {
    limit: 1,
    maxAgeSeconds: 60,
    ageBuckets: 5,
    pruneAgedBuckets: true,
  });
  s.observe({ id: 'a' }, 1);
  s.observe({ id: 'b' }, 2);
  s.reset();
  assert.match(await registry.metrics(), /TYPE m summary/);
  s.observe({ id: 'c' }, 2);
  assert.match(await registry.metrics(), /m_count/);
});

test('what lies beyond a limit, or was removed, leaves nothing behind', () => {
  const [c] = fresh(Counter, { limit: 10 });
  for (let at = 0; at < 20_000; at += 1) c.inc({ id: at });
  assert.ok(c._originals[0].size <= 10, `${c._originals[0].size} values`);
  const [removed] = fresh(dropIn.Counter);
  for (let at = 0; at < 25_000; at += 1) {
    removed.inc({ id: at });
    removed.remove(at);
  }
  assert.ok(removed._originals[0].size <= 10_000, `${removed._originals[0].size} values`);
  const [g] = fresh(Gauge, { labelNames: ['user', 'x'] });
  for (let at = 0; at < 1000; at += 1) {
    g.set({ user: `${at}`, x: '1' }, at);
    g.remove(`${at}`, '1');
  }
  assert.equal(g._root, undefined);
});

test('a collect function that fails later does not end the process of whoever scrapes at once', () => {
  const program = `
    const { Gauge, Registry, renderSync } = require(${PACKAGE});
    const registry = new Registry();
    const g = new Gauge({ name: 'g', help: 'h', registers: [registry], async collect() { throw new Error('late'); } });
    registry.metricsSync(); renderSync('text', { registry }); g.getSync();
    setTimeout(() => console.log('alive'), 20);`;
  const child = spawnSync(process.execPath, ['-e', program], { encoding: 'utf8' });
  assert.deepEqual([child.status, child.stdout, child.stderr], [0, 'alive\n', '']);
});

test('a call that cannot be counted keeps its result and its error', async () => {
  const requests = requestMetrics(new Registry());
  const options = { endpoint: '/', method: 'GET', provider: Symbol('p') };
  assert.equal(
    requests.trackRequest(options, () => 'sync'),
    'sync',
  );
  assert.equal(await requests.trackRequest(options, async () => 'async'), 'async');
  const own = () => {
    throw new Error('own');
  };
  assert.throws(() => requests.trackRequest(options, own), /^Error: own$/);
});

test('families of requests are made all or none', () => {
  const registry = new Registry();
  const taken = new Counter({ name: 'cache_hits_total', help: 'h', registers: [registry] });
  for (let time = 0; time < 2; time += 1) assert.throws(() => requestMetrics(registry), /cache_hits_total/);
  assert.deepEqual(registry.getMetricsAsArray(), [taken]);
});

test("the drop-in takes bounds in any order, each once, as its peer's users give them", async () => {
  const registry = new dropIn.Registry();
  const h = new dropIn.Histogram({ name: 'h', help: 'h', buckets: [1, 0.5, 1], registers: [registry] });
  h.observe(0.7);
  const { values } = await h.get();
  assert.deepEqual(
    values.slice(0, 2).map(({ labels, value }) => [labels.le, value]),
    [
      [0.5, 0],
      [1, 1],
    ],
  );
});
