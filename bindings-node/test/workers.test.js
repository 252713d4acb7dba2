'use strict';

/**
 * Worker threads record in the same families without a message: they come and go, are terminated in the middle, remove what others
 * record in, and the totals are exact.
 *
 * This file is its own worker: `JOBS` are what it can be asked to do there.
 */

const { SHARE_ENV, Worker, isMainThread, parentPort, workerData } = require('node:worker_threads');
const Counter = require('../lib/counter');
const Gauge = require('../lib/gauge');
const Histogram = require('../lib/histogram');
const Registry = require('../lib/registry');

const register = Registry.globalRegistry;
const BUCKETS = [0.5, 1, 2];

const make = {
  counter: (name, labelNames = ['x']) => new Counter({ name, help: 'h', labelNames }),
  gauge: (name, labelNames = ['x']) => new Gauge({ name, help: 'h', labelNames }),
  histogram: (name) => new Histogram({ name, help: 'h', labelNames: ['x'], buckets: BUCKETS }),
};

/** One operation on each; `i % 5 / 2` is 0, 0.5, 1, 1.5 or 2, the sums of which have no rounding. */
function recorder(prefix) {
  const [c, f, g, h] = [
    make.counter(`${prefix}_c`),
    make.counter(`${prefix}_f`, []),
    make.gauge(`${prefix}_g`),
    make.histogram(`${prefix}_h`),
  ];
  const [ofC, ofG, ofH] = [c, g, h].map((metric) => metric.labels('a'));
  return (i) => {
    ofC.inc();
    c.inc({ x: 'b' });
    f.inc(0.125);
    ofG.inc(2.5);
    g.dec({ x: 'a' }, 1.5);
    ofH.observe((i % 5) / 2);
    h.observe({ x: 'b' }, 1);
  };
}

const JOBS = {
  record({ prefix, ops }) {
    const record = recorder(prefix);
    for (let i = 0; i < ops; i += 1) record(i);
  },
  count({ name }) {
    make.counter(name, []).inc();
  },
  forever({ prefix, at }) {
    const record = recorder(prefix);
    const done = new Float64Array(at);
    for (let i = 0; ; i += 1) {
      record(i);
      done[0] = i + 1;
    }
  },
  set({ name, value }) {
    make.gauge(name).labels('a').set(value);
  },
  move({ name, ops }) {
    const g = make.gauge(name);
    const child = g.labels('a');
    for (let i = 0; i < ops; i += 1) {
      child.set(i);
      child.inc(0.5);
      g.set({ x: 'a' }, -i);
    }
  },
  churn({ prefix, ops, seed }) {
    const [c, h] = [make.counter(`${prefix}_c`), make.histogram(`${prefix}_h`)];
    const kept = Array.from({ length: 10 }, (_, x) => [c.labels(x), h.labels(x)]);
    for (let i = 0; i < ops; i += 1) {
      const [ofC, ofH] = kept[(i * 7 + seed) % 10];
      ofC.inc();
      ofH.observe(1);
      if (i % 97 === seed) c.remove((i * 3) % 10);
      if (i % 193 === seed) h.remove(i % 10);
      if (i % 1009 === seed) (seed % 2 ? c : h).reset();
    }
  },
  /** Makes series of a family that nobody else has: what is in them that it did not count came from elsewhere. */
  own({ name, ops }) {
    const c = make.counter(name);
    for (let i = 0; i < ops; i += 1) {
      c.inc({ x: i % 50 }, 2);
      if (i % 500 === 499) register.metrics();
    }
  },
};

if (!isMainThread && workerData?.isOfTykmetrics) {
  JOBS[workerData.job](workerData);
  parentPort.postMessage('done');
} else {
  declareTests();
}

function declareTests() {
  const { test } = require('node:test');
  const assert = require('node:assert/strict');
  const { once } = require('node:events');
  const { setTimeout: later } = require('node:timers/promises');

  const begin = (job, data) =>
    new Worker(__filename, { workerData: { isOfTykmetrics: true, job, ...data }, env: SHARE_ENV });

  /** Runs a worker to its end; what it throws is thrown here. */
  async function ended(worker) {
    const failed = once(worker, 'error').then(([error]) => Promise.reject(error));
    const [code] = await Promise.race([once(worker, 'exit'), failed]);
    failed.catch(() => {});
    return code;
  }

  const run = async (job, data) => assert.equal(await ended(begin(job, data)), 0);

  /** Runs many workers, at most `width` at a time. */
  async function crowd(count, width, start) {
    let next = 0;
    const lane = async () => {
      while (next < count) {
        next += 1;
        await start(next - 1);
      }
    };
    await Promise.all(Array.from({ length: width }, lane));
  }

  /** The samples of a scrape. */
  async function samples() {
    const lines = (await register.metrics()).split('\n').filter((line) => line && !line.startsWith('#'));
    return new Map(
      lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]),
    );
  }

  /** Scrapes until told to stop; no counter goes back, and a count is its highest bucket. */
  function watch(prefix) {
    let [isOver, scrapes] = [false, 0];
    const before = new Map();
    const watched = (async () => {
      while (!isOver) {
        for (const [name, value] of await samples()) {
          if (!name.startsWith(prefix) || name.startsWith(`${prefix}_g`)) continue;
          assert.ok(value >= (before.get(name) ?? 0), `${name} went from ${before.get(name)} to ${value}`);
          before.set(name, value);
        }
        for (const x of ['a', 'b']) {
          const [infinite, count] = [`${prefix}_h_bucket{le="+Inf",x="${x}"}`, `${prefix}_h_count{x="${x}"}`];
          assert.equal(before.get(infinite), before.get(count));
        }
        scrapes += 1;
        await later(1);
      }
      return scrapes;
    })();
    return () => {
      isOver = true;
      return watched;
    };
  }

  /** What a number of runs of `recorder` leave. */
  async function assertTotals(prefix, ops, runs) {
    const found = await samples();
    const total = ops * runs;
    const below = (count) =>
      Array.from({ length: ops }, (_, i) => i % 5).filter((at) => at <= count).length * runs;
    const expected = {
      [`${prefix}_c{x="a"}`]: total,
      [`${prefix}_c{x="b"}`]: total,
      [`${prefix}_f`]: total / 8,
      [`${prefix}_g{x="a"}`]: total,
      [`${prefix}_h_bucket{le="0.5",x="a"}`]: below(1),
      [`${prefix}_h_bucket{le="1",x="a"}`]: below(2),
      [`${prefix}_h_bucket{le="2",x="a"}`]: total,
      [`${prefix}_h_bucket{le="+Inf",x="a"}`]: total,
      [`${prefix}_h_sum{x="a"}`]:
        runs * Array.from({ length: ops }, (_, i) => (i % 5) / 2).reduce((a, b) => a + b, 0),
      [`${prefix}_h_count{x="a"}`]: total,
      [`${prefix}_h_sum{x="b"}`]: total,
    };
    for (const [name, value] of Object.entries(expected)) assert.equal(found.get(name), value, name);
  }

  test('workers that come and go leave exact totals, and no scrape meanwhile goes back', async () => {
    const [ops, workers] = [20_000, 24];
    const record = recorder('t');
    const stop = watch('t');
    await crowd(workers, 4, () => run('record', { prefix: 't', ops }));
    for (let i = 0; i < ops; i += 1) record(i);
    assert.ok((await stop()) > 5, 'it was scraped meanwhile');
    await assertTotals('t', ops, workers + 1);
  });

  test('workers that are terminated in the middle of a loop leave what they had recorded', async () => {
    const stop = watch('k');
    recorder('k');
    const recorded = [];
    await crowd(16, 4, async (at) => {
      const done = new SharedArrayBuffer(8);
      const worker = begin('forever', { prefix: 'k', at: done });
      while (new Float64Array(done)[0] === 0) await later(2);
      await later(at);
      await worker.terminate();
      recorded.push(new Float64Array(done)[0]);
    });
    await stop();
    const least = recorded.reduce((a, b) => a + b, 0);
    const found = await samples();
    // Each may have been in the middle of one more.
    for (const name of ['k_c{x="a"}', 'k_c{x="b"}', 'k_h_count{x="a"}', 'k_h_count{x="b"}']) {
      assert.ok(
        found.get(name) >= least && found.get(name) <= least + recorded.length,
        `${name}: ${found.get(name)}, ${least}`,
      );
    }
    assert.ok(Math.abs(found.get('k_g{x="a"}') - least) <= 2.5 * recorded.length);
  });

  test('a thousand workers count one each', async () => {
    const total = make.counter('thousand', []);
    await crowd(1000, 8, () => run('count', { name: 'thousand' }));
    total.inc();
    assert.equal((await samples()).get('thousand'), 1001);
    assert.equal((await total.get()).values[0].value, 1001);
  });

  test('a gauge that several set is what the last of them said', async () => {
    const g = make.gauge('last');
    const child = g.labels('a');
    const level = async () => (await samples()).get('last{x="a"}');
    for (let value = 1; value <= 5; value += 1) {
      await run('set', { name: 'last', value });
      assert.equal(await level(), value);
      child.inc(0.5);
      assert.equal(await level(), value + 0.5);
      child.set(100 + value);
      assert.equal(await level(), 100 + value);
      g.set({ x: 'a' }, -value);
      assert.equal(await level(), -value);
    }
  });

  test('a gauge that several set is that to the last digit', async () => {
    const g = make.gauge('exact');
    for (const [theirs, ours] of [
      [0.7, 0.1],
      [1e9, 0.3],
      [1e17, 1],
      [100.1, 3.3],
    ]) {
      await run('set', { name: 'exact', value: theirs });
      assert.equal((await g.get()).values[0].value, theirs);
      g.set({ x: 'a' }, ours);
      assert.equal((await g.get()).values[0].value, ours);
    }
  });

  test('a gauge that a worker set to what is not finite can be set again', async () => {
    const g = make.gauge('wild');
    for (const value of [Infinity, NaN, -Infinity]) {
      await run('set', { name: 'wild', value });
      assert.equal((await g.get()).values[0].value, value);
      g.labels('a').set(7);
      assert.equal((await g.get()).values[0].value, 7);
    }
  });

  test('a gauge that several set at once is what one of them said', async () => {
    const g = make.gauge('race');
    await Promise.all([1, 2, 3].map(() => run('move', { name: 'race', ops: 20_000 })));
    const { value } = (await g.get()).values[0];
    assert.ok(Math.abs(value) <= 20_000 + 1.5 && Number.isInteger(value * 2), `${value}`);
    g.set({ x: 'a' }, 3);
    assert.equal((await g.get()).values[0].value, 3);
  });

  test('removals by one while others record through children they keep send no record elsewhere', async () => {
    const [workers, ops] = [4, 60_000];
    const [c, h] = [make.counter('m_c'), make.histogram('m_h')];
    const kept = Array.from({ length: 10 }, (_, x) => c.labels(x));
    const own = Array.from({ length: 2 }, (_, at) => run('own', { name: `own_${at}`, ops }));
    const churning = Array.from({ length: workers }, (_, seed) => run('churn', { prefix: 'm', ops, seed }));
    let isOver = false;
    const all = Promise.all([...own, ...churning]).finally(() => (isOver = true));
    while (!isOver) {
      for (let i = 0; i < 200; i += 1) kept[i % 10].inc();
      c.remove(3);
      const text = await register.metrics();
      for (const [, x, infinite] of text.matchAll(/^m_h_bucket\{le="\+Inf",x="(\d)"\} (\d+)$/gm)) {
        assert.match(text, new RegExp(`^m_h_count\\{x="${x}"\\} ${infinite}$`, 'm'));
      }
    }
    await all;
    const found = await samples();
    for (const at of [0, 1]) {
      for (let x = 0; x < 50; x += 1)
        assert.equal(found.get(`own_${at}{x="${x}"}`), (2 * ops) / 50, `own_${at} ${x}`);
    }
    c.reset();
    h.reset();
    for (const child of kept) child.inc();
    assert.deepEqual(
      (await c.get()).values.map(({ value }) => value),
      Array(10).fill(1),
    );
    assert.deepEqual((await h.get()).values, []);
  });

  test('cells of removed series that others get begin at nothing, whoever wrote them before', async () => {
    const old = make.counter('old');
    const kept = Array.from({ length: 500 }, (_, i) => old.labels(i));
    for (let round = 0; round < 20; round += 1) {
      for (const child of kept) child.inc(1000);
      await run('set', { name: 'other', value: 1 });
      old.reset();
      await register.metrics();
      const fresh = new Counter({ name: `fresh_${round}`, help: 'h', labelNames: ['x'] });
      for (let i = 0; i < 700; i += 1) fresh.inc({ x: i }, 0.5);
      for (const { labels, value } of (await fresh.get()).values)
        assert.equal(value, 0.5, `${round} ${labels.x}`);
      register.removeSingleMetric(`fresh_${round}`);
    }
  });

  test('a metric that is only made in workers is in the scrape of the main thread', async () => {
    await run('count', { name: 'only_there' });
    await run('count', { name: 'only_there' });
    assert.equal((await samples()).get('only_there'), 2);
    assert.equal(register.getSingleMetric('only_there'), undefined);
    assert.equal(make.counter('only_there', []).getSync().values[0].value, 2);
  });

  test('a worker that registers something else by a name that is taken hears of it', async () => {
    make.gauge('taken', []);
    await assert.rejects(run('count', { name: 'taken' }), /taken/);
  });
}
