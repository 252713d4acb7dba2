'use strict';

/**
 * Default metrics against prom-client's, and in processes and threads of their own.
 */

const { test } = require('node:test');
const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const { Worker } = require('node:worker_threads');
const promClient = require('prom-client');

const Registry = require('../lib/registry');
const collectDefaultMetrics = require('../lib/default-metrics');
const { collecting, replace } = require('./collecting');

const LIB = JSON.stringify(require.resolve('../lib/default-metrics'));
const REGISTRY = JSON.stringify(require.resolve('../lib/registry'));
/** Long enough for any process that ends by itself; one that does not is what it is there for. */
const HANG_MS = 60_000;

/** What a scraper sees of names, helps, types and labels; of values, nothing. */
async function shapeOf(register) {
  // The lag of the event loop is set after the scrape that asked for it, or while it still collects.
  await register.metrics();
  await new Promise(setImmediate);
  const kept = (await register.metrics())
    .split('\n')
    .map((line) => (line.startsWith('#') ? line : line.replace(/ \S+$/, '')))
    // Which handles there are at the moment is not a matter of shape, nor is which collections there were.
    .filter((line) => !/^\w*nodejs_(active_\w+\{type=|gc_duration_seconds_)/.test(line));
  return new Set(kept);
}

function run(script, ...flags) {
  return spawnSync(process.execPath, [...flags, '-e', script], { encoding: 'utf8', timeout: HANG_MS });
}

function assertOutput(child, expected) {
  assert.equal(child.status, 0, child.stderr);
  assert.equal(child.stdout.trim(), expected);
}

for (const config of [{}, { prefix: 'app_', labels: { zone: 'a', shard: 7 } }]) {
  test(`names, helps, types and labels are prom-client's with ${JSON.stringify(config)}`, async () => {
    const theirs = new promClient.Registry();
    promClient.collectDefaultMetrics({ ...config, register: theirs });
    const ours = await shapeOf(collecting(config));
    const missing = [...(await shapeOf(theirs))].filter((line) => !ours.delete(line));
    assert.deepEqual(missing, []);
    assert.equal(ours.size, 3, [...ours].join('\n'));
    for (const line of ours) assert.match(line, /nodejs_eventloop_utilization/);
  });
}

test("aggregators are prom-client's, and utilization is averaged", async () => {
  const theirs = new promClient.Registry();
  promClient.collectDefaultMetrics({ register: theirs });
  const pairs = async (register) =>
    (await register.getMetricsAsJSON()).map(({ name, aggregator }) => [name, aggregator]);
  assert.deepEqual(await pairs(collecting()), [
    ...(await pairs(theirs)),
    ['nodejs_eventloop_utilization', 'average'],
  ]);
});

test("the list has prom-client's parts in its order, and then utilization", () => {
  assert.deepEqual(collectDefaultMetrics.metricsList, [
    ...promClient.collectDefaultMetrics.metricsList,
    'eventLoopUtilization',
  ]);
});

test('without a registry the global one is used', async () => {
  try {
    collectDefaultMetrics();
    assert.ok(Registry.globalRegistry.getSingleMetric('process_cpu_seconds_total'));
    assert.ok(Registry.globalRegistry.getSingleMetric('nodejs_gc_duration_seconds'));
  } finally {
    Registry.globalRegistry.clear();
  }
});

test("a config that is none is refused in prom-client's words", () => {
  for (const config of ['text', 5, true, () => {}]) {
    assert.throws(() => collectDefaultMetrics(config), {
      name: 'TypeError',
      message: 'config must be null, undefined, or an object',
    });
  }
  assert.throws(() => collecting({ eventLoopMonitoringPrecision: 'often' }), {
    code: 'ERR_INVALID_ARG_TYPE',
  });
});

test('a second call on one registry is refused, and one after clear is not', () => {
  const register = collecting();
  assert.throws(() => collectDefaultMetrics({ register }), {
    message: 'A metric with the name process_cpu_user_seconds_total has already been registered.',
  });
  register.clear();
  collectDefaultMetrics({ register });
});

test('parts whose functions the process lacks are left out', async (t) => {
  const lacking = ['cpuUsage', 'uptime', 'memoryUsage', '_getActiveHandles', '_getActiveRequests'];
  for (const name of [...lacking, 'getActiveResourcesInfo']) replace(t, process, name, undefined);
  const names = (await collecting().getMetricsAsJSON()).map(({ name }) => name);
  assert.ok(names.includes('nodejs_eventloop_lag_seconds'));
  assert.ok(!names.some((name) => /cpu|start_time|heap_size|active/.test(name)), names.join());
});

test('where there is no global process the module loads and collects', () => {
  const child = run(`
    const Registry = require(${REGISTRY});
    ['counter', 'gauge', 'histogram'].forEach((name) => require(${REGISTRY}.replace('registry', name)));
    const { stdout } = process;
    Object.defineProperty(globalThis, 'process', { value: undefined });
    const register = new Registry();
    require(${LIB})({ register });
    register.metrics().then((text) => stdout.write(String(text.includes('process_cpu_seconds_total'))));
  `);
  assertOutput(child, 'true');
});

test('nothing of it keeps a process alive', () => {
  const child = run(`
    const register = new (require(${REGISTRY}))();
    require(${LIB})({ register });
    register.metrics().then(() => console.log('scraped'));
  `);
  assertOutput(child, 'scraped');
});

test('registries that are dropped leave neither timers nor observers, and scrapes meanwhile are safe', () => {
  const child = run(
    `
    const perfHooks = require('node:perf_hooks');
    let observers = 0;
    class Observer extends perfHooks.PerformanceObserver {
      observe(...given) { observers += 1; return super.observe(...given); }
      disconnect() { observers -= 1; return super.disconnect(); }
    }
    Object.defineProperty(perfHooks, 'PerformanceObserver', { value: Observer });
    const timers = () =>
      process.report.getReport().libuv.filter(({ type, repeat, is_active }) => type === 'timer' && is_active && repeat === 13);
    const Registry = require(${REGISTRY});
    const collect = require(${LIB});
    const turn = () => new Promise((resolve) => setTimeout(resolve, 5));
    const kept = new Registry();
    collect({ register: kept, eventLoopMonitoringPrecision: 13 });
    const drop = async () => {
      const register = new Registry();
      collect({ register, eventLoopMonitoringPrecision: 13 });
      await register.metrics();
    };
    (async () => {
      for (let i = 0; i < 20; i += 1) await drop();
      console.log(observers, timers().length);
      for (let i = 0; i < 100 && (observers > 1 || timers().length > 1); i += 1) {
        gc();
        await kept.metrics();
        await turn();
      }
      console.log(observers, timers().length);
    })();
    `,
    '--expose-gc',
  );
  assertOutput(child, '21 21\n1 1');
});

test('a worker thread has metrics of its own', async () => {
  const worker = new Worker(
    `
    const { parentPort } = require('node:worker_threads');
    const register = new (require(${REGISTRY}))();
    require(${LIB})({ register });
    setTimeout(async () => parentPort.postMessage(await register.metrics()), 50);
    `,
    { eval: true },
  );
  const [text, code] = await Promise.all([
    new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject)),
    new Promise((resolve) => worker.once('exit', resolve)),
  ]);
  assert.equal(code, 0);
  for (const name of ['nodejs_eventloop_utilization', 'nodejs_heap_size_used_bytes', 'process_open_fds']) {
    assert.match(text, new RegExp(`^${name} [0-9.e-]+$`, 'm'));
  }
  assert.ok(Number(/^nodejs_eventloop_lag_max_seconds (.*)$/m.exec(text)[1]) > 0);
});

test('exemplars carry the ids of the active span', async (t) => {
  const api = require('@opentelemetry/api');
  const ids = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' };
  let active = api.trace.setSpanContext(api.ROOT_CONTEXT, { ...ids, traceFlags: 1 });
  api.context.setGlobalContextManager({
    active: () => active,
    with: (context, work) => work(),
    disable() {},
  });
  t.after(() => api.context.disable());
  const register = new Registry(Registry.OPENMETRICS_CONTENT_TYPE);
  collectDefaultMetrics({ register, enableExemplars: true, labels: { zone: 'a' } });
  const line = async () => /^process_cpu_seconds_total\{.*$/m.exec(await register.metrics())[0];
  const exemplar = await line();
  assert.match(exemplar, /^process_cpu_seconds_total\{zone="a"\} \S+ # \{/);
  for (const [name, id] of Object.entries(ids)) assert.ok(exemplar.includes(`${name}="${id}"`), exemplar);
  active = api.ROOT_CONTEXT;
  assert.ok((await line()).includes(ids.traceId), 'a scrape outside of a span takes the exemplar away');
});

test('exemplars are refused by a registry whose format has none', () => {
  assert.throws(() => collecting({ enableExemplars: true }), {
    message: 'Exemplars are supported only on OpenMetrics registries',
  });
});

test('a program without the tracing API counts CPU time without exemplars', () => {
  const child = run(`
    const { Module } = require('node:module');
    const resolve = Module._resolveFilename;
    Module._resolveFilename = function (name, ...rest) {
      if (name.startsWith('@opentelemetry')) throw Object.assign(new Error('absent'), { code: 'MODULE_NOT_FOUND' });
      return resolve.call(this, name, ...rest);
    };
    const Registry = require(${REGISTRY});
    const register = new Registry(Registry.OPENMETRICS_CONTENT_TYPE);
    require(${LIB})({ register, enableExemplars: true });
    register.metrics().then((text) => console.log(/^process_cpu_seconds_total [0-9.e-]+$/m.test(text)));
  `);
  assertOutput(child, 'true');
});
