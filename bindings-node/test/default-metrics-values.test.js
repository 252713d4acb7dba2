'use strict';

/**
 * Values of default metrics, against the runtime's own numbers and replaced clocks.
 */

const { test } = require('node:test');
const assert = require('node:assert/strict');
const fs = require('node:fs');
const http = require('node:http');
const perfHooks = require('node:perf_hooks');
const v8 = require('node:v8');
const vm = require('node:vm');
const { setTimeout: later } = require('node:timers/promises');

const { becomes, collecting, replace, valueOf, valuesOf } = require('./collecting');

/** A timer that only has to be there. */
const HANG_MS = 60_000;

v8.setFlagsFromString('--expose-gc');
const gc = vm.runInNewContext('gc');

test('values are there again after a reset', async () => {
  const register = collecting();
  await register.metrics();
  register.resetMetrics();
  assert.ok((await valueOf(register, 'process_resident_memory_bytes')) > 1e6);
  assert.equal(await valueOf(register, 'nodejs_version_info'), 1);
  assert.ok((await valueOf(register, 'process_start_time_seconds')) > 1e9);
});

test('CPU counters say what the process says, add up, and never fall', async (t) => {
  const usage = t.mock.method(process, 'cpuUsage', () => ({ user: 1_000_000, system: 500_000 }));
  const register = collecting();
  const seconds = async () => {
    const json = await register.getMetricsAsJSON();
    return json.slice(0, 3).map(({ values }) => values[0].value);
  };
  assert.deepEqual(await seconds(), [0, 0, 0]);
  usage.mock.mockImplementation(() => ({ user: 3_000_000, system: 750_000 }));
  assert.deepEqual(await seconds(), [2, 0.25, 2.25]);
  usage.mock.mockImplementation(() => ({ user: 2_000_000, system: 1_000_000 }));
  assert.deepEqual(await seconds(), [2, 0.5, 2.5]);
  usage.mock.mockImplementation(() => ({ user: 4_000_000, system: 1_000_000 }));
  assert.deepEqual(await seconds(), [3, 0.5, 3.5]);
});

test('the start is read from clocks that may be replaced, and does not move with them', async (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: 1_700_000_000_000 });
  t.mock.method(process, 'uptime', () => 100.4);
  const register = collecting();
  t.mock.timers.setTime(1_800_000_000_000);
  assert.equal(await valueOf(register, 'process_start_time_seconds'), 1_699_999_900);
});

test('lag is what passes until the loop comes round, by clocks that may be replaced', async (t) => {
  let now = 5000;
  t.mock.timers.enable({ apis: ['setImmediate'] });
  t.mock.method(performance, 'now', () => now);
  const register = collecting({ labels: { zone: 'a' } });
  assert.equal((await valuesOf(register, 'nodejs_eventloop_lag_seconds')).length, 0);
  now = 5250;
  t.mock.timers.tick(0);
  const [sample] = await valuesOf(register, 'nodejs_eventloop_lag_seconds');
  assert.deepEqual(
    { value: sample.value, labels: { ...sample.labels } },
    { value: 0.25, labels: { zone: 'a' } },
  );
});

test('delays are those of the monitor since the last scrape, and without a sample those before', async (t) => {
  const delays = { count: 0, min: 2 ** 63, max: 0, mean: NaN, stddev: NaN, percentile: () => 0 };
  const calls = [];
  Object.assign(delays, { enable: () => calls.push('enable'), reset: () => calls.push('reset') });
  t.mock.method(perfHooks, 'monitorEventLoopDelay', (options) => {
    calls.push(options);
    return delays;
  });
  const register = collecting({ eventLoopMonitoringPrecision: 25 });
  assert.deepEqual(calls, [{ resolution: 25 }, 'enable']);

  const seconds = async () => {
    const found = {};
    for (const { name, values } of await register.getMetricsAsJSON()) {
      const part = /^nodejs_eventloop_lag_(\w+)_seconds$/.exec(name)?.[1];
      if (part) found[part] = values[0].value;
    }
    return found;
  };
  assert.deepEqual(await seconds(), { min: 0, max: 0, mean: 0, stddev: 0, p50: 0, p90: 0, p99: 0 });

  const percentile = (p) => p * 1e9;
  Object.assign(delays, { count: 9, min: 1e9, max: 4e9, mean: 2e9, stddev: 0.5e9, percentile });
  const sampled = { min: 1, max: 4, mean: 2, stddev: 0.5, p50: 50, p90: 90, p99: 99 };
  assert.deepEqual(await seconds(), sampled);

  Object.assign(delays, { count: 0, min: 2 ** 63, mean: NaN });
  register.resetMetrics();
  assert.deepEqual(await seconds(), sampled);
  assert.equal(calls.filter((call) => call === 'reset').length, 3);
});

test('utilization is near 1 after a busy spell, near 0 after an idle one, and ignores fake clocks', async (t) => {
  await later(1);
  t.mock.method(globalThis.performance, 'now', () => 7);
  const register = collecting();
  await valueOf(register, 'nodejs_eventloop_utilization');
  const until = process.hrtime.bigint() + 50_000_000n;
  while (process.hrtime.bigint() < until);
  assert.ok((await valueOf(register, 'nodejs_eventloop_utilization')) > 0.9);
  await later(500);
  const idle = await valueOf(register, 'nodejs_eventloop_utilization');
  assert.ok(idle >= 0 && idle < 0.5, `${idle}`);
});

test('utilization is what the runtime counts between two scrapes, from 0 to 1', async (t) => {
  const eventLoopUtilization = t.mock.method(perfHooks.performance, 'eventLoopUtilization', () => ({
    active: 100,
    idle: 300,
  }));
  const register = collecting();
  const after = async (active, idle) => {
    eventLoopUtilization.mock.mockImplementation(() => ({ active, idle }));
    return valueOf(register, 'nodejs_eventloop_utilization');
  };
  assert.equal(await after(100, 300), 0);
  assert.equal(await after(175, 325), 0.75);
  assert.equal(await after(175, 325), 0.75, 'no time passed');
  assert.equal(await after(190, 320), 1, 'more than all the time');
});

test('every collection of a batch is counted, with its kind', async () => {
  const register = collecting();
  const judged = new Map();
  let lists = 0;
  const judge = new perfHooks.PerformanceObserver((list) => {
    lists += 1;
    for (const { detail } of list.getEntries()) judged.set(detail.kind, (judged.get(detail.kind) ?? 0) + 1);
  });
  judge.observe({ entryTypes: ['gc'] });
  const { NODE_PERFORMANCE_GC_MAJOR, NODE_PERFORMANCE_GC_MINOR } = perfHooks.constants;
  try {
    for (let i = 0; i < 3; i += 1) gc();
    gc({ type: 'minor' });
    await later(20);
    const values = await valuesOf(register, 'nodejs_gc_duration_seconds');
    const count = (kind) =>
      values.find(
        ({ metricName, labels }) => metricName === 'nodejs_gc_duration_seconds_count' && labels.kind === kind,
      )?.value;
    assert.ok(judged.get(NODE_PERFORMANCE_GC_MAJOR) >= 3);
    assert.equal(count('major'), judged.get(NODE_PERFORMANCE_GC_MAJOR));
    assert.equal(count('minor'), judged.get(NODE_PERFORMANCE_GC_MINOR));
    assert.ok(lists < 4, 'collections came one by one, which tells nothing of batches');
  } finally {
    judge.disconnect();
  }
});

test("a collection's duration is in seconds, in the bounds that were asked for, under each kind's name", async (t) => {
  let tell;
  class Observer {
    constructor(callback) {
      tell = (...entries) => callback({ getEntries: () => entries });
    }
    observe() {}
  }
  replace(t, perfHooks, 'PerformanceObserver', Observer);
  const register = collecting({ gcDurationBuckets: [0.25, 0.5], labels: { zone: 'a' } });
  const kinds = { 1: 'minor', 2: 'minor', 4: 'major', 8: 'incremental', 16: 'weakcb', 99: 'unknown' };
  tell(...Object.keys(kinds).map((kind) => ({ duration: 400, detail: { kind: Number(kind) } })));
  const values = await valuesOf(register, 'nodejs_gc_duration_seconds');
  const told = (suffix, kind, le) =>
    values.find(
      ({ metricName, labels }) =>
        metricName === `nodejs_gc_duration_seconds_${suffix}` &&
        labels.kind === kind &&
        labels.zone === 'a' &&
        (le === undefined || String(labels.le) === le),
    ).value;
  for (const kind of new Set(Object.values(kinds))) {
    const times = kind === 'minor' ? 2 : 1;
    assert.equal(told('bucket', kind, '0.25'), 0);
    assert.equal(told('bucket', kind, '0.5'), times);
    assert.equal(told('sum', kind), 0.4 * times);
  }
});

test('handles are counted by class, and a class of which none is left has no series', async () => {
  const register = collecting();
  const servers = async () =>
    (await valuesOf(register, 'nodejs_active_handles')).find(({ labels }) => labels.type === 'Server')?.value;
  const before = (await servers()) ?? 0;
  const server = http.createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  assert.equal(await servers(), before + 1);
  assert.equal(await valueOf(register, 'nodejs_active_handles_total'), process._getActiveHandles().length);
  await new Promise((resolve) => server.close(resolve));
  await becomes(servers, before || undefined);
});

test('requests and resources are counted while they last', async () => {
  const register = collecting();
  const told = async (name, type) =>
    (await valuesOf(register, name)).find(({ labels }) => labels.type === type)?.value ?? 0;
  const timers = process.getActiveResourcesInfo().filter((type) => type === 'Timeout').length;
  const timer = setTimeout(() => {}, HANG_MS);
  const stat = new Promise((resolve) => fs.stat(__filename, resolve));
  assert.equal(await told('nodejs_active_resources', 'Timeout'), timers + 1);
  assert.equal(await told('nodejs_active_requests', 'FSReqCallback'), 1);
  clearTimeout(timer);
  await stat;
  await becomes(() => told('nodejs_active_requests', 'FSReqCallback'), 0);
});

test('memory is what proc says', { skip: process.platform !== 'linux' }, async (t) => {
  const { readFileSync } = fs;
  const told = { VmPeak: 9, VmSize: 3, VmRSS: 1, VmData: 2, VmDataX: 8 };
  const status = Object.entries(told).map(([field, kibibytes]) => `${field}:\t    ${kibibytes} kB\n`);
  t.mock.method(fs, 'readFileSync', (path, ...rest) =>
    path === '/proc/self/status' ? status.join('') : readFileSync(path, ...rest),
  );
  const register = collecting();
  assert.equal(await valueOf(register, 'process_resident_memory_bytes'), 1024);
  assert.equal(await valueOf(register, 'process_heap_bytes'), 2048);
  assert.equal(await valueOf(register, 'process_virtual_memory_bytes'), 3072);
});

test('heap spaces are those of the engine, without their common ending', async (t) => {
  t.mock.method(v8, 'getHeapSpaceStatistics', () => [
    { space_name: 'old_space', space_size: 3, space_used_size: 2, space_available_size: 1 },
    { space_name: 'large_object_space', space_size: 6, space_used_size: 5, space_available_size: 4 },
  ]);
  const register = collecting();
  for (const [what, ...sizes] of [
    ['total', 3, 6],
    ['used', 2, 5],
    ['available', 1, 4],
  ]) {
    const values = await valuesOf(register, `nodejs_heap_space_size_${what}_bytes`);
    assert.deepEqual(
      values.map(({ labels, value }) => [labels.space, value]),
      [
        ['old', sizes[0]],
        ['large_object', sizes[1]],
      ],
    );
  }
});

test('the heap is what Node says, and elsewhere than on Linux so is resident memory', async (t) => {
  replace(t, process, 'platform', 'sunos');
  t.mock.method(process, 'memoryUsage', () => ({ rss: 1, heapTotal: 2, heapUsed: 3, external: 4 }));
  const register = collecting();
  assert.equal(await valueOf(register, 'process_resident_memory_bytes'), 1);
  assert.equal(await valueOf(register, 'nodejs_heap_size_total_bytes'), 2);
  assert.equal(await valueOf(register, 'nodejs_heap_size_used_bytes'), 3);
  assert.equal(await valueOf(register, 'nodejs_external_memory_bytes'), 4);
  assert.equal(await valuesOf(register, 'process_virtual_memory_bytes'), undefined);
  assert.equal(await valuesOf(register, 'process_open_fds'), undefined);
});

test('a platform that refuses a number does not fail the scrape', async (t) => {
  const refuse = () => {
    throw new Error('refused');
  };
  const register = collecting();
  for (const name of ['readFileSync', 'readdirSync']) t.mock.method(fs, name, refuse);
  t.mock.method(process, 'memoryUsage', refuse);
  t.mock.method(v8, 'getHeapSpaceStatistics', refuse);
  assert.match(await register.metrics(), /^nodejs_version_info\{.*\} 1$/m);
});

test('open descriptors are counted', { skip: process.platform !== 'linux' }, async () => {
  const register = collecting();
  const before = await valueOf(register, 'process_open_fds');
  const file = fs.openSync(__filename);
  assert.equal(await valueOf(register, 'process_open_fds'), before + 1);
  fs.closeSync(file);
  assert.equal(await valueOf(register, 'process_open_fds'), before);
});

test('the limit of descriptors is the soft one, also if there is none', async (t) => {
  let limits =
    'Limit  Soft Limit  Hard Limit  Units\nMax open files            1024                 4096       files\n';
  const { readFileSync } = fs;
  t.mock.method(fs, 'readFileSync', (path, ...rest) =>
    path === '/proc/self/limits' ? limits : readFileSync(path, ...rest),
  );
  const register = collecting();
  assert.equal(await valueOf(register, 'process_max_fds'), 1024);
  limits = limits.replace('1024     ', 'unlimited');
  assert.equal(await valueOf(register, 'process_max_fds'), Infinity);
});

test('the version is split into numbers, also that of a nightly build', async (t) => {
  replace(t, process, 'version', 'v25.1.0-nightly20250101abcdef');
  const [{ labels, value }] = await valuesOf(collecting(), 'nodejs_version_info');
  assert.equal(value, 1);
  const { major, minor, patch } = labels;
  assert.deepEqual([major, minor, patch].map(Number), [25, 1, 0]);
});
