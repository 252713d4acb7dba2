'use strict';

/** The declarations are true: they say what the modules have, and programs compile against them as promised. */

const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const test = require('node:test');
const { MetricsServer } = require('../lib/server');
const { actual, declared, differences, undocumented } = require('./surface');

const ROOT = path.join(__dirname, '..');

/** Objects with everything that their configuration can give them. */
function examples(module) {
  const registers = [new module.Registry()];
  const open = [new module.Registry(module.Registry.OPENMETRICS_CONTENT_TYPE)];
  const of = (name, more) => ({
    name,
    help: name,
    labelNames: ['a'],
    registers,
    collect() {},
    limit: 10,
    ...more,
  });
  const counters = [
    new module.Counter(of('a')),
    new module.Counter(of('a', { enableExemplars: true, registers: open })),
  ];
  const gauges = [new module.Gauge(of('b'))];
  const histograms = [
    new module.Histogram(of('c', { store: 'compact' })),
    new module.Histogram(of('c', { enableExemplars: true, registers: open })),
  ];
  const summaries = [
    new module.Summary(
      of('d', { maxAgeSeconds: 1, ageBuckets: 1, pruneAgedBuckets: true, enableExemplars: false }),
    ),
  ];
  const children = (metrics) => metrics.map((metric) => metric.labels('x'));
  const all = {
    AggregatorRegistry: [new module.AggregatorRegistry()],
    Counter: counters,
    'Counter::labels()': children(counters),
    Gauge: gauges,
    'Gauge::labels()': children(gauges),
    Histogram: histograms,
    'Histogram::labels()': children(histograms),
    Pushgateway: [new module.Pushgateway('http://127.0.0.1')],
    Registry: registers,
    Summary: summaries,
    'Summary::labels()': children(summaries),
  };
  if (module.requestMetrics) {
    const metrics = module.requestMetrics(registers[0]);
    all['requestMetrics()'] = [metrics];
    all['requestMetrics()::bind()'] = [metrics.bind('/', 'GET', 200)];
    all['negotiate()'] = [module.negotiate()];
    const server = new MetricsServer(undefined, undefined, {});
    clearInterval(server._alive);
    all['startHttpServer()'] = [server];
  }
  return all;
}

function surfaceOf(module) {
  return actual(module, examples(module));
}

for (const entry of ['index', 'prom-client']) {
  test(`${entry} has what its declarations say, and nothing else`, () => {
    const said = declared(path.join(ROOT, `${entry}.d.ts`));
    assert.ok(said.size > 100, `${said.size} names`);
    assert.deepEqual(differences(said, surfaceOf(require(`../${entry}`))), []);
  });
}

test('the middlewares are what their declarations say', () => {
  const said = declared(path.join(ROOT, 'middleware.d.ts'));
  const found = actual(require('../middleware'), {});
  assert.deepEqual(differences(said, found), []);
});

test('a method, a static, an export or a parameter of one side only is found', () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'tykmetrics-types-'));
  const file = path.join(folder, 'x.d.ts');
  fs.writeFileSync(
    file,
    'export class A { constructor(a: number); same(a: number): void; same(...b: number[]): void; gone(): void; maybe?: number;' +
      ' two(a: number, b?: number): void; static here: number; static lost(): void; labels(): { inc(): void; dec(): void } }\n' +
      'export function f(a: number): void; export const missing: number; export type T = number;\n',
  );
  class A {
    constructor(a) {
      this.more = a;
      this._private = a;
    }
    same(..._b) {}
    two(_a) {}
    added() {}
    labels() {
      return { inc() {} };
    }
    static here = 1;
    static there() {}
  }
  const found = differences(
    declared(file),
    actual({ A, f: (_a, _b) => 1, extra: 1 }, { A: [new A(1)], 'A::labels()': [new A(1).labels()] }),
  );
  fs.rmSync(folder, { recursive: true });
  assert.deepEqual(found, [
    'A.lost is declared and not there',
    'A.there is not declared',
    'A::added is not declared',
    'A::gone is declared and not there',
    'A::labels()::dec is declared and not there',
    'A::more is not declared',
    'A::two takes 1, and 2 are declared',
    'extra is not declared',
    'f takes 2, and 1 are declared',
    'missing is declared and not there',
  ]);
});

test('a method that is added to a class of the package is found', () => {
  const said = declared(path.join(ROOT, 'index.d.ts'));
  const { Counter } = require('../index');
  Counter.prototype.added = function (_value) {};
  const found = differences(said, surfaceOf(require('../index')));
  delete Counter.prototype.added;
  assert.deepEqual(found, ['Counter::added is not declared']);
});

for (const entry of ['index', 'prom-client', 'middleware']) {
  test(`everything that ${entry}.d.ts exports says what it is`, () => {
    assert.deepEqual(undocumented(path.join(ROOT, `${entry}.d.ts`)), []);
  });
}

/** Compiles a project with a compiler. */
function compile(compiler, project) {
  return new Promise((resolve, reject) => {
    const args = [
      require.resolve(`${compiler}/package.json`).replace('package.json', 'bin/tsc'),
      '-p',
      project,
    ];
    const child = spawn(process.execPath, args, { cwd: ROOT });
    let text = '';
    child.stdout.on('data', (bytes) => (text += bytes));
    child.stderr.on('data', (bytes) => (text += bytes));
    child.on('error', reject);
    child.on('close', (code) => (code === 0 ? resolve() : reject(new Error(text))));
  });
}

const PROJECTS = {
  'tsconfig.json': "strict programs, prom-client's among them, compile by the rules of Node",
  'tsconfig.bundler.json': 'they compile by the rules of bundlers',
  'tsconfig.drop-in.json': "prom-client's programs compile against the drop-in",
  'tsconfig.own-classes.json': "prom-client's programs compile against the package's own classes",
  'tsconfig.frameworks.json': 'the middlewares fit the types of the frameworks',
};

for (const compiler of ['typescript', 'typescript5']) {
  const { version } = require(`${compiler}/package.json`);
  for (const [project, sentence] of Object.entries(PROJECTS)) {
    test(`TypeScript ${version}: ${sentence}`, () => compile(compiler, path.join('test', 'types', project)));
  }
}
