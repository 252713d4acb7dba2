'use strict';

/**
 * Aggregation over clusters of real processes, of which this file is also the workers' program.
 */

const cluster = require('node:cluster');
const promClient = require('prom-client');

const Registry = require('../lib/registry');
const Counter = require('../lib/counter');
const Gauge = require('../lib/gauge');
const Histogram = require('../lib/histogram');
const Summary = require('../lib/prom-client/summary');

const RESPONSE = 'prom-client:getMetricsRes';

/** What a worker of each role does; `number` tells workers of one cluster apart. */
const ROLES = {
  ours(number) {
    record({ Counter, Gauge, Histogram, Summary }, number);
    answering();
  },
  'prom-client'(number) {
    record(promClient, number);
    new promClient.AggregatorRegistry();
  },
  'own registries'(number) {
    const AggregatorRegistry = answering();
    AggregatorRegistry.setRegistries(
      ['first', 'second'].map((name) => {
        const registry = new Registry();
        new Gauge({ name, help: name, registers: [registry] }).set(number);
        return registry;
      }),
    );
    new Gauge({ name: 'not_asked_for', help: 'In the global registry' }).set(1);
  },
  failing() {
    const fail = () => Promise.reject(new Error('no reading'));
    new Gauge({ name: 'failing', help: 'Failing', collect: fail });
    answering();
  },
  'not serializable'() {
    const AggregatorRegistry = answering();
    const registry = new Registry();
    registry.getMetricsAsJSON = async () => [{ name: 'big', values: [{ value: 1n, labels: {} }] }];
    AggregatorRegistry.setRegistries(registry);
  },
  malformed() {
    process.on('message', ({ type, requestId }) => {
      if (!type) return;
      process.send(null);
      process.send({ type: RESPONSE, requestId: requestId + 1000, metrics: [] });
      process.send({ type: RESPONSE, requestId });
    });
  },
  /** Answers when it is told to, after what is being asked. */
  held(number) {
    let release;
    const held = new Promise((resolve) => (release = resolve));
    process.on('message', (message) => message === 'release' && release());
    const gauge = new Gauge({
      name: 'held',
      help: 'Held',
      collect() {
        process.send('asked');
        return held.then(() => gauge.set(number));
      },
    });
    answering();
  },
  dying() {
    new Gauge({ name: 'dying', help: 'Dying', collect: () => process.kill(process.pid, 'SIGKILL') });
    answering();
  },
  leaving() {
    new Gauge({
      name: 'leaving',
      help: 'Leaving',
      collect() {
        process.disconnect();
        return new Promise((resolve) => setTimeout(resolve, 50));
      },
    });
    answering();
  },
  silent() {},
};

function answering() {
  const AggregatorRegistry = require('../lib/aggregator-registry');
  new AggregatorRegistry();
  return AggregatorRegistry;
}

function record(kinds, number) {
  const jobs = new kinds.Counter({ name: 'jobs_total', help: 'Jobs', labelNames: ['kind', 'code'] });
  jobs.inc({ kind: 'a', code: 200 }, number);
  jobs.inc({ kind: `of ${number}`, code: 200 });
  for (const aggregator of ['sum', 'first', 'omit', 'average', 'min', 'max']) {
    new kinds.Gauge({ name: `by_${aggregator}`, help: aggregator, aggregator }).set(number);
  }
  const sizes = new kinds.Histogram({ name: 'sizes', help: 'Sizes', buckets: [1, 2, 4] });
  for (let size = 1; size <= number; size += 1) sizes.observe(size);
  const waits = new kinds.Summary({ name: 'waits', help: 'Waits', percentiles: [0.5] });
  for (let i = 0; i < number; i += 1) waits.observe(number);
  new kinds.Gauge({ name: 'limit', help: 'Limit', aggregator: 'max' }).set(Infinity);
}

/** What `record` makes of workers 1, 2 and 3, in lines but for comments. */
const RECORDED = [
  'jobs_total{kind="a",code="200"} 6',
  'jobs_total{kind="of 1",code="200"} 1',
  'jobs_total{kind="of 2",code="200"} 1',
  'jobs_total{kind="of 3",code="200"} 1',
  'by_sum 6',
  'by_first 1',
  'by_average 2',
  'by_min 1',
  'by_max 3',
  'sizes_bucket{le="1"} 3',
  'sizes_bucket{le="2"} 5',
  'sizes_bucket{le="4"} 6',
  'sizes_bucket{le="+Inf"} 6',
  'sizes_sum 10',
  'sizes_count 6',
  // 1 once, 2 twice, 3 three times.
  `waits{quantile="0.5"} ${14 / 6}`,
  'waits_sum 14',
  'waits_count 6',
];

const samplesOf = (text) => text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));

if (cluster.isWorker) {
  ROLES[process.argv[2]](Number(process.argv[3]));
  process.send('ready');
} else if (process.argv[2] === 'primary of prom-client') {
  primaryOfPromClient();
} else {
  tests();
}

/** A worker for each role, numbered from 1, once all are ready. */
async function fork(...roles) {
  const workers = [];
  for (const [index, role] of roles.entries()) {
    cluster.setupPrimary({ exec: __filename, args: [role, String(index + 1)], silent: true });
    const worker = cluster.fork();
    await hears(worker, 'ready');
    workers.push(worker);
  }
  return workers;
}

function hears(worker, expected) {
  return new Promise((resolve, reject) => {
    worker.on('message', (message) => message === expected && resolve());
    worker.once('exit', () => reject(new Error(`a worker ended before it said ${expected}`)));
  });
}

async function end(workers) {
  await Promise.all(
    workers.map(
      (worker) =>
        new Promise((resolve) => {
          if (worker.isDead()) return resolve();
          worker.once('exit', resolve);
          worker.process.kill('SIGKILL');
        }),
    ),
  );
}

async function primaryOfPromClient() {
  const registry = new promClient.AggregatorRegistry();
  const workers = await fork('ours', 'ours', 'prom-client');
  process.stdout.write(await registry.clusterMetrics());
  await end(workers);
}

function tests() {
  const { test, describe } = require('node:test');
  const assert = require('node:assert/strict');
  const { execFile } = require('node:child_process');
  const { promisify } = require('node:util');
  const listenersBefore = cluster.listenerCount('message');
  const AggregatorRegistry = require('../lib/aggregator-registry');

  const loadedWithoutListening = cluster.listenerCount('message') === listenersBefore;

  /** Runs with a cluster, and without a clock that could end a request: whoever hangs, hangs. */
  async function inCluster(t, roles, use) {
    const workers = await fork(...roles);
    t.mock.timers.enable({ apis: ['setTimeout'] });
    try {
      await use(new AggregatorRegistry(), workers);
    } finally {
      t.mock.timers.reset();
      await end(workers);
    }
  }

  describe('over a cluster', { timeout: 60_000 }, () => {
    test('the module loads without listening to workers', () => {
      assert.ok(loadedWithoutListening);
    });

    test('workers are put together as their aggregators say, in their order', async (t) => {
      await inCluster(t, ['ours', 'ours', 'ours'], async (registry) => {
        assert.deepEqual(samplesOf(await registry.clusterMetrics()), [...RECORDED, 'limit +Inf']);
        const twice = await Promise.all([registry.clusterMetrics(), registry.clusterMetrics()]);
        assert.equal(twice[0], twice[1]);
      });
    });

    test("prom-client's workers answer beside ours", async (t) => {
      await inCluster(t, ['ours', 'prom-client', 'ours'], async (registry) => {
        const samples = samplesOf(await registry.clusterMetrics());
        assert.deepEqual(samples.slice(0, -1), RECORDED);
      });
    });

    test("a primary of prom-client's gets our workers' answers", async () => {
      const { stdout } = await promisify(execFile)(process.execPath, [__filename, 'primary of prom-client']);
      // It adds quantiles, and puts workers in the order of their answers.
      const known = (line) => !/^(waits\{|by_first|limit)/.test(line);
      assert.deepEqual(samplesOf(stdout).filter(known).sort(), RECORDED.filter(known).sort());
    });

    test('workers answer with the registries they were given, and the text is of the type of who asks', async (t) => {
      await inCluster(t, ['own registries', 'own registries'], async () => {
        const registry = new AggregatorRegistry(Registry.OPENMETRICS_CONTENT_TYPE);
        const text = await registry.clusterMetrics();
        assert.deepEqual(samplesOf(text), ['first 3', 'second 3']);
        assert.ok(text.endsWith('# EOF\n'), text);
      });
    });

    test("a worker's error rejects with its message", async (t) => {
      await inCluster(t, ['ours', 'failing'], async (registry) => {
        await assert.rejects(registry.clusterMetrics(), { message: 'no reading' });
      });
    });

    test('an answer that cannot be sent rejects and does not end the worker', async (t) => {
      await inCluster(t, ['not serializable'], async (registry, [worker]) => {
        await assert.rejects(registry.clusterMetrics(), { message: /BigInt/ });
        await assert.rejects(registry.clusterMetrics(), { message: /BigInt/ });
        assert.ok(!worker.isDead());
      });
    });

    test('an answer without metrics rejects, and messages that are no answers are passed over', async (t) => {
      await inCluster(t, ['malformed'], async (registry) => {
        await assert.rejects(registry.clusterMetrics(), TypeError);
      });
    });

    test('a worker that says nothing is waited for five seconds, and its late answer is dropped', async (t) => {
      await inCluster(t, ['ours', 'held'], async (registry, workers) => {
        const asked = hears(workers[1], 'asked');
        const metrics = registry.clusterMetrics();
        await asked;
        t.mock.timers.tick(4999);
        assert.equal(
          await Promise.race([metrics, new Promise((resolve) => setImmediate(resolve, 'waits'))]),
          'waits',
        );
        t.mock.timers.tick(1);
        await assert.rejects(metrics, { message: 'Operation timed out.' });
        workers[1].send('release');
        // Comes after the late answer on the same channel.
        assert.match(await registry.clusterMetrics(), /^held 2$/m);
      });
    });

    for (const role of ['dying', 'leaving']) {
      test(`a worker that is ${role} when it is asked is not waited for`, async (t) => {
        await inCluster(t, ['ours', role], async (registry) => {
          const text = await registry.clusterMetrics();
          assert.match(text, /^by_sum 1$/m);
          assert.doesNotMatch(text, new RegExp(role));
        });
        await inCluster(t, [role], async (registry) => assert.equal(await registry.clusterMetrics(), ''));
      });
    }

    test('a worker that is dead before it is asked is left out', async (t) => {
      await inCluster(t, ['ours', 'silent'], async (registry, workers) => {
        workers[1].process.kill('SIGKILL');
        await new Promise((resolve) => workers[1].once('exit', resolve));
        assert.match(await registry.clusterMetrics(), /^by_sum 1$/m);
      });
    });

    test('a worker that is still listed but cannot be asked is left out', async (t) => {
      await inCluster(t, ['ours', 'silent'], async (registry, workers) => {
        const disconnected = new Promise((resolve) => cluster.once('disconnect', resolve));
        workers[1].process.disconnect();
        await disconnected;
        assert.ok(workers[1].id in cluster.workers);
        assert.match(await registry.clusterMetrics(), /^by_sum 1$/m);
      });
    });

    test('without workers the text is empty', async () => {
      assert.equal(await new AggregatorRegistry().clusterMetrics(), '');
    });
  });

  test('listeners are added once', () => {
    new AggregatorRegistry();
    const listeners = cluster.listenerCount('message');
    new AggregatorRegistry();
    assert.equal(cluster.listenerCount('message'), listeners);
  });

  test('it is a registry, and refuses the content types that a registry refuses', () => {
    assert.ok(new AggregatorRegistry() instanceof Registry);
    assert.equal(new AggregatorRegistry().contentType, Registry.PROMETHEUS_CONTENT_TYPE);
    assert.throws(() => new AggregatorRegistry('text/html'), {
      message: 'Content type text/html is unsupported',
    });
    assert.throws(() => AggregatorRegistry.aggregate([], 'text/html'), {
      message: 'Content type text/html is unsupported',
    });
  });

  test('only registries can be set', () => {
    for (const given of [{}, [new Registry(), 'text'], undefined]) {
      assert.throws(() => AggregatorRegistry.setRegistries(given), {
        name: 'TypeError',
        message: /^Expected Registry, got (object|string|undefined)$/,
      });
    }
    AggregatorRegistry.setRegistries(Registry.globalRegistry);
  });
}
