'use strict';

/**
 * What recording costs besides time: no allocation, and no call into the addon, once a series is known. Measured in processes of
 * their own by what the heap grew, in rounds so short that nothing is collected within one.
 */

const { test } = require('node:test');
const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { spawnSync } = require('node:child_process');

const LIB = path.join(__dirname, '..', 'lib');
const PACKAGE = JSON.stringify(path.join(__dirname, '..'));

const [ROUNDS, OPS] = [21, 50_000];
/** What the measuring itself allocates is shared by all; an object has at least 12 bytes. */
const NOTHING = 4;

const SETUP = `
  const { Counter, Gauge, Histogram, Summary, Registry, requestMetrics } = require(${PACKAGE});
  const registers = [new Registry()];
  const labelNames = ['method', 'code'];
  const labels = { method: 'GET', code: 200 };
  const counter = new Counter({ name: 'c', help: 'h', labelNames, registers });
  const bare = new Counter({ name: 'bare', help: 'h', registers });
  const gauge = new Gauge({ name: 'g', help: 'h', labelNames, registers });
  const histogram = new Histogram({ name: 'h', help: 'h', labelNames, registers });
  const compact = new Histogram({ name: 'k', help: 'h', labelNames, registers, store: 'compact' });
  const summary = new Summary({ name: 's', help: 'h', labelNames, registers });
  const requests = requestMetrics(registers[0]);
  const request = { endpoint: '/', method: 'GET', latencySeconds: 0.25, statusCode: 200, provider: 'p', model: 'm' };
  const outcome = requests.bind('/', 'GET', 500, 'p', 'm');
  // Not all numbers, so that those that are lie in it as they are passed on: an array of doubles makes a new object at each look.
  const values = [null, 0.003, 0.25, 1.75, 7.5, 1e-9, 1e9, 3];
  const [ofCounter, ofGauge] = [counter.labels('GET', 200), gauge.labels('GET', 200)];
  const [ofHistogram, ofCompact, ofSummary] = [histogram, compact, summary].map((metric) => metric.labels('GET', 200));
`;

const PATHS = {
  'child.inc()': 'ofCounter.inc()',
  'child.inc(n)': 'ofCounter.inc(values[1 + (i % 7)])',
  'counter.inc()': 'bare.inc()',
  'counter.labels(...).inc()': "counter.labels('GET', 200).inc()",
  'histogram.labels(...).observe(n)': "histogram.labels('GET', 200).observe(values[1 + (i % 7)])",
  'counter.inc(labels)': 'counter.inc(labels)',
  'counter.inc(labels, n)': 'counter.inc(labels, values[1 + (i % 7)])',
  'child.set(n)': 'ofGauge.set(values[1 + (i % 7)])',
  'child.dec()': 'ofGauge.dec()',
  'gauge.set(labels, n)': 'gauge.set(labels, values[1 + (i % 7)])',
  'gauge.inc(labels)': 'gauge.inc(labels)',
  'child.observe(n)': 'ofHistogram.observe(values[1 + (i % 7)])',
  'child.observe(n) in the compact store': 'ofCompact.observe(values[1 + (i % 7)])',
  'histogram.observe(labels, n)': 'histogram.observe(labels, values[1 + (i % 7)])',
  "a summary's child.observe(n)": 'ofSummary.observe(values[1 + (i % 7)])',
  'a bound outcome.record(n)': 'outcome.record(values[1 + (i % 7)])',
};

/** Bytes that each run of a statement allocates. */
function allocated(statement, env = {}) {
  const script = `${SETUP}
    const run = (count) => { for (let i = 0; i < count; i += 1) { ${statement}; } };
    for (let round = 0; round < 20; round += 1) run(${OPS});
    const bytes = [];
    for (let round = 0; round < ${ROUNDS}; round += 1) {
      gc();
      const before = process.memoryUsage().heapUsed;
      run(${OPS});
      bytes.push((process.memoryUsage().heapUsed - before) / ${OPS});
    }
    // The one in the middle: a function that is compiled anew allocates in one or two of them.
    console.log(bytes.sort((a, b) => a - b)[${ROUNDS >> 1}]);`;
  const child = spawnSync(process.execPath, ['--expose-gc', '-e', script], {
    encoding: 'utf8',
    env: { ...process.env, ...env },
  });
  assert.equal(child.status, 0, child.stderr);
  return Number(child.stdout);
}

for (const [what, statement] of Object.entries(PATHS)) {
  test(`${what} allocates nothing`, () => {
    const bytes = allocated(statement);
    assert.ok(bytes < NOTHING, `${bytes} bytes`);
  });
}

test('recordRequest(request) allocates the duration as a number of its own, and nothing else', () => {
  const bytes = allocated('requests.recordRequest(request)');
  assert.ok(bytes < 16 + NOTHING, `${bytes} bytes`);
});

test("nothing is allocated with cells in the runtime's own memory either", () => {
  for (const statement of ['ofCounter.inc()', 'counter.inc(labels); histogram.observe(labels, values[1])']) {
    const bytes = allocated(statement, { TYKMETRICS_MEMORY: 'v8' });
    assert.ok(bytes < NOTHING, `${statement}: ${bytes} bytes`);
  }
});

test('what does allocate is found to', () => {
  for (const statement of [
    'counter.inc({ method: "GET", code: 200 })',
    'globalThis.kept = [i]; ofCounter.inc()',
  ]) {
    const bytes = allocated(statement);
    assert.ok(bytes > 8, `${statement}: ${bytes} bytes`);
  }
});

test('no record of a known series calls the addon', () => {
  const native = require('../lib/native');
  const names = [];
  const calls = Object.entries(native);
  const make = new Function(
    'require',
    `${SETUP} return (i) => { ${Object.values(PATHS).join(';')}; requests.recordRequest(request); };`,
  );
  const run = make(require);
  run(0);
  for (const [name] of calls) {
    native[name] = (...args) => {
      names.push(name);
      return calls.find(([other]) => other === name)[1](...args);
    };
  }
  try {
    for (let i = 0; i < 100; i += 1) run(i);
    assert.deepEqual(names, []);
    make(require);
    assert.ok(names.includes('hold'));
  } finally {
    Object.assign(native, Object.fromEntries(calls));
  }
});

test('there are no whole numbers of any size in lib, which allocate', () => {
  const files = fs.readdirSync(LIB, { recursive: true }).filter((file) => file.endsWith('.js'));
  assert.ok(files.length > 20);
  const found = (source) => /\bBig(Int|Uint)|\b\d[\d_]*n\b/.test(source);
  for (const file of files) assert.ok(!found(fs.readFileSync(path.join(LIB, file), 'utf8')), file);
  assert.ok(found('let a = 1n') && found('new BigInt64Array(1)') && found('BigInt(5)'));
});
