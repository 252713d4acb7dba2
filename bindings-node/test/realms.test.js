'use strict';

/**
 * Module registries and realms, as test runners make them: each has its modules anew, in a context of its own, and they all share
 * the addon, which the runtime's own `require` loads once.
 */

const { afterEach, test } = require('node:test');
const assert = require('node:assert/strict');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { spawnSync } = require('node:child_process');
const vm = require('node:vm');

const ROOT = path.join(__dirname, '..');
const PACKAGE = path.join(ROOT, 'index.js');
const PACKAGE_TEXT = JSON.stringify(PACKAGE);

/** What a test runner gives a context besides what the language has. */
const GLOBALS = { process, performance, Buffer, setTimeout, setImmediate, console };

/** The package in a context, its files loaded anew. */
class Realm {
  constructor(globals = GLOBALS) {
    this.context = vm.createContext({ ...globals });
    this.modules = new Map();
  }

  run(source) {
    return vm.runInContext(source, this.context);
  }

  load(file = PACKAGE) {
    const known = this.modules.get(file);
    if (known !== undefined) return known.exports;
    const module = { exports: {} };
    this.modules.set(file, module);
    const names = ['exports', 'require', 'module', '__filename', '__dirname'];
    const options = { parsingContext: this.context, filename: file };
    const body = vm.compileFunction(fs.readFileSync(file, 'utf8'), names, options);
    body.call(
      module.exports,
      module.exports,
      (id) => this.required(id, file),
      module,
      file,
      path.dirname(file),
    );
    return module.exports;
  }

  required(id, from) {
    if (!path.isAbsolute(id) && !id.startsWith('.')) return require(id);
    const file = require.resolve(path.resolve(path.dirname(from), id));
    return file.endsWith('.js') ? this.load(file) : require(file);
  }
}

function caught(run) {
  try {
    run();
  } catch (error) {
    return error;
  }
  return assert.fail('nothing was thrown');
}

/** As a test runner's reset of modules. */
function forget() {
  for (const file of Object.keys(require.cache)) {
    if (file.startsWith(ROOT + path.sep) && !file.includes('node_modules') && file.endsWith('.js')) {
      if (path.dirname(file) !== __dirname) delete require.cache[file];
    }
  }
}

afterEach(forget);

for (const [where, globals] of [
  ['a context', GLOBALS],
  ['a context without process', { performance, Buffer }],
]) {
  test(`errors are those of ${where}`, async () => {
    const realm = new Realm(globals);
    const { Counter, Gauge, Histogram, Registry, Summary, register, render, renderSync } = realm.load();
    const [RealmError, RealmTypeError] = [realm.run('Error'), realm.run('TypeError')];
    assert.notEqual(RealmError, Error);
    const c = new Counter({ name: 'c', help: 'h', labelNames: ['x'] });
    const ofType = [
      () => c.inc({ x: 1 }, 'x'),
      () => new Gauge({ name: 'g', help: 'h', registers: [] }).set('x'),
      () => new Histogram({ name: 'h', help: 'h', registers: [] }).observe('x'),
      () => new Summary({ name: 's', help: 'h', registers: [] }).observe('x'),
      () => new Registry('x'),
      () => new Counter(),
    ];
    for (const run of ofType) assert.ok(caught(run) instanceof RealmTypeError, `${run}`);
    const ofError = [
      () => c.inc({ z: 1 }),
      () => c.inc({ x: 1 }, -1),
      () => c.labels(1, 2),
      () => new Counter({ name: 'c', help: 'h' }),
      () => new Histogram({ name: 'h', help: 'h', buckets: [2, 1], registers: [] }),
      () => register.setContentType('x'),
      () => renderSync('nope'),
    ];
    for (const run of ofError) assert.ok(caught(run) instanceof RealmError, `${run}`);
    await assert.rejects(render('nope'), (error) => error instanceof RealmError);
  });

  test(`promises, arrays and objects are those of ${where}`, async () => {
    const realm = new Realm(globals);
    const { Counter, Gauge, Histogram, Summary, linearBuckets, negotiate, register, render } = realm.load();
    const [RealmPromise, RealmArray, RealmObject] = [
      realm.run('Promise'),
      realm.run('Array'),
      realm.run('Object'),
    ];
    new Counter({ name: 'c', help: 'h', labelNames: ['x'] }).inc({ x: 1 });
    new Gauge({ name: 'g', help: 'h' }).set(1);
    new Histogram({ name: 'h', help: 'h' }).observe(1);
    new Summary({ name: 's', help: 'h' }).observe(1);
    const promises = [
      register.metrics(),
      register.getMetricsAsJSON(),
      render(),
      register.getSingleMetric('c').get(),
    ];
    for (const promise of promises) assert.ok(promise instanceof RealmPromise);
    assert.ok(linearBuckets(1, 1, 2) instanceof RealmArray);
    assert.ok(register.getMetricsAsArray() instanceof RealmArray);
    assert.ok(negotiate('') instanceof RealmObject);
    const json = await promises[1];
    assert.ok(json instanceof RealmArray);
    for (const metric of json) {
      assert.ok(metric instanceof RealmObject);
      assert.ok(metric.values instanceof RealmArray, metric.name);
      for (const value of metric.values)
        assert.ok(value instanceof RealmObject && value.labels instanceof RealmObject);
    }
    assert.equal(typeof (await promises[0]), 'string');
  });
}

test('the first module instance has the registry of the process, each later one an empty one, and all go on', async () => {
  const first = require('..');
  new first.Counter({ name: 'same_name', help: 'of the first' }).inc(1);
  const child = first.register.getSingleMetric('same_name').labels();
  const others = [];
  for (let i = 0; i < 5; i += 1) {
    forget();
    const other = i % 2 ? new Realm().load() : require('..');
    assert.notEqual(other, first);
    assert.equal(await other.register.metrics(), '\n');
    new other.Gauge({ name: 'same_name', help: `of ${i}`, labelNames: ['x'] }).set({ x: i }, i);
    child.inc();
    others.push(other);
  }
  assert.match(
    await first.register.metrics(),
    /^# HELP same_name of the first\n# TYPE same_name counter\nsame_name 6$/m,
  );
  for (const [i, { register }] of others.entries()) {
    assert.equal(
      await register.metrics(),
      `# HELP same_name of ${i}\n# TYPE same_name gauge\nsame_name{x="${i}"} ${i}\n`,
    );
  }
});

test('metrics of one module instance can be listed in a registry of another', async () => {
  const first = require('..');
  forget();
  const second = require('..');
  const registry = new second.Registry();
  const c = new first.Counter({ name: 'c', help: 'h', labelNames: ['x'], registers: [registry] });
  c.inc({ x: 'y' }, 3);
  assert.equal(await registry.metrics(), '# HELP c h\n# TYPE c counter\nc{x="y"} 3\n');
  assert.throws(
    () => new second.Counter({ name: 'c', help: 'h', registers: [registry] }),
    /already been registered/,
  );
});

test('module instances that come and go give back what they had', (t) => {
  const script = `
    const path = require('node:path');
    const root = path.dirname(${PACKAGE_TEXT});
    const turn = () => new Promise(setImmediate);
    (async () => {
      let highest = 0;
      for (let round = 0; round < 60; round += 1) {
        for (const file of Object.keys(require.cache)) if (file.startsWith(root) && file.endsWith('.js')) delete require.cache[file];
        module.children.length = 0;
        const { Counter } = require(root);
        const c = new Counter({ name: 'c', help: 'h', labelNames: ['x'] });
        for (let i = 0; i < 500; i += 1) { const child = c.labels(i); child.inc(); highest = Math.max(highest, child._at); }
        if (round % 5 === 4) for (let i = 0; i < 3; i += 1) { gc(); await turn(); }
      }
      console.log(highest < 60 * 500 / 2 ? 'given back' : highest);
    })();`;
  // In a file, which has a module that can be made to forget what it required.
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'tykmetrics-'));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  fs.writeFileSync(path.join(folder, 'script.js'), script);
  const child = spawnSync(process.execPath, ['--expose-gc', path.join(folder, 'script.js')], {
    encoding: 'utf8',
  });
  assert.equal(child.stderr, '');
  assert.equal(child.stdout.trim(), 'given back');
});

test('the addon that is loaded again works, beside the one that was there', async () => {
  const { Counter, register } = require('..');
  const file = Object.keys(require.cache).find((name) => name.endsWith('.node'));
  const c = new Counter({ name: 'before', help: 'h', registers: [new (require('..').Registry)()] });
  c.inc();
  const again = { exports: {} };
  process.dlopen(again, file);
  const addon = again.exports;
  assert.notEqual(addon, require(file));
  const registry = addon.registry();
  const { metric } = addon.metric(
    registry,
    { kind: 'counter', name: 'z', help: 'h', labelNames: ['x'] },
    true,
  );
  const cell = addon.hold(metric, ['y']);
  assert.ok(cell > 0);
  assert.equal(
    await addon.text(registry, [metric], false, false),
    '# HELP z h\n# TYPE z counter\nz{x="y"} 0\n',
  );
  const realm = new Realm();
  realm.required = (id, from) =>
    id.endsWith('.node') ? addon : Realm.prototype.required.call(realm, id, from);
  const anew = realm.load();
  const g = new anew.Gauge({ name: 'g', help: 'h', labelNames: ['x'] });
  g.set({ x: 'y' }, 4);
  g.remove('y');
  g.labels('z').inc(2);
  assert.equal(await anew.register.metrics(), '# HELP g h\n# TYPE g gauge\ng{x="z"} 2\n');
  c.inc();
  assert.equal((await c.get()).values[0].value, 2);
  assert.equal(typeof register, 'object');
});

test('what is not a metric of ours is refused by the addon, and nothing falls over', () => {
  const { Registry } = require('..');
  const native = require('../lib/native');
  const other = new Registry();
  for (const wrong of [undefined, null, {}, 5, 'x', other, other._native, () => {}]) {
    for (const call of ['hold', 'level', 'remove']) assert.throws(() => native[call](wrong, ['x']), Error);
    for (const call of ['read', 'clear', 'forget', 'table']) assert.throws(() => native[call](wrong), Error);
  }
  for (const wrong of [undefined, null, {}, 5])
    assert.throws(() => native.text(wrong, [], false, false), Error);
  const { metric } = native.metric(
    other._native,
    { kind: 'counter', name: 'c', help: 'h', labelNames: ['x'] },
    true,
  );
  for (const wrong of [undefined, null, [], ['a', 'b'], [5], 'x', {}])
    assert.throws(() => native.hold(metric, wrong), Error);
  assert.throws(() => native.window(2 ** 31, 8), Error);
  assert.throws(() => native.table(metric), Error);
});

test('without a global process metrics are made, timed and scraped', () => {
  const script = `
    const { log } = console;
    delete globalThis.process;
    if (typeof process !== 'undefined') throw new Error('it is still there');
    const { Counter, Gauge, Histogram, register, requestMetrics } = require(${PACKAGE_TEXT});
    new Counter({ name: 'c', help: 'h' }).inc(2);
    const g = new Gauge({ name: 'g', help: 'h' });
    const h = new Histogram({ name: 'h', help: 'h' });
    const seconds = [g.startTimer()(), h.startTimer()(), h.labels().startTimer()()];
    if (!seconds.every((n) => n >= 0 && n < 60)) throw new Error('took ' + seconds);
    requestMetrics().trackRequest({ endpoint: '/' }, () => 1);
    register.metrics().then((text) => log(/^c 2$/m.test(text), /^h_count 2$/m.test(text), /^http_requests_total\\{/m.test(text)));`;
  const child = spawnSync(process.execPath, ['-e', script], { encoding: 'utf8' });
  assert.equal(child.stdout.trim(), 'true true true', child.stderr);
});

test('clocks that are replaced after loading are the ones that are read', async (t) => {
  const { Gauge, Histogram, Registry, Summary, requestMetrics } = require('..');
  const registers = [new Registry()];
  const g = new Gauge({ name: 'g', help: 'h', registers });
  const h = new Histogram({ name: 'h', help: 'h', registers });
  const s = new Summary({ name: 's', help: 'h', registers });
  const requests = requestMetrics(registers[0]);
  let now = 1000;
  t.mock.method(Date, 'now', () => now);
  t.mock.method(process, 'hrtime', (begin = [0, 0]) => [now - begin[0], 500 - begin[1]]);
  t.mock.method(performance, 'now', () => now * 1000);
  g.setToCurrentTime();
  assert.equal((await g.get()).values[0].value, 1);
  const ends = [g, h, s].map((metric) => metric.startTimer());
  const tracked = requests.trackRequest({ endpoint: '/' }, async () => {
    await null;
    now = 1064;
  });
  await tracked;
  assert.deepEqual(
    ends.map((end) => end()),
    [64, 64, 64],
  );
  assert.match(await registers[0].metrics(), /^http_request_latency_seconds_sum\{endpoint="\/"\} 64$/m);
});

test('a runtime whose every object has one property more records and shows the same', async () => {
  const script = `
    Object.prototype.surprise = 'enumerable on every object';
    const { Counter, Histogram, register } = require(${PACKAGE_TEXT});
    const c = new Counter({ name: 'c', help: 'h', labelNames: ['x', 'surprise'] });
    c.labels('a', 'b').inc();
    new Histogram({ name: 'h', help: 'h', buckets: [1] }).observe(2);
    register.metrics().then((text) => console.log(text));`;
  const child = spawnSync(process.execPath, ['-e', script], { encoding: 'utf8' });
  assert.equal(child.stderr, '');
  assert.match(child.stdout, /^c\{x="a",surprise="b"\} 1$/m);
  assert.match(child.stdout, /^h_count 1$/m);
});
