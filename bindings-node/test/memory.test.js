'use strict';

/**
 * Whose memory the cells lie in, who keeps them, and how a process ends: in processes of their own, in both modes of
 * `TYKMETRICS_MEMORY`, which has them in the engine's memory or in the runtime's.
 */

const { test } = require('node:test');
const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');

const PACKAGE = JSON.stringify(require.resolve('..'));
const DROP_IN = JSON.stringify(require.resolve('../prom-client'));
const CELLS = JSON.stringify(require.resolve('../lib/cells'));
/** Long enough for any process that ends by itself; one that does not is what it is there for. */
const HANG_MS = 60_000;

const PREAMBLE = `
  'use strict';
  const { Worker } = require('node:worker_threads');
  const { Counter, Gauge, Histogram, Summary, Registry, register, render, renderSync } = require(${PACKAGE});
  const turn = () => new Promise(setImmediate);
  const collect = async () => { for (let i = 0; i < 4; i += 1) { gc(); await turn(); } };
`;

for (const memory of ['engine', 'v8']) {
  const env = { ...process.env, TYKMETRICS_MEMORY: memory };
  const run = (script) =>
    spawnSync(process.execPath, ['--expose-gc', '-e', PREAMBLE + script], {
      encoding: 'utf8',
      timeout: HANG_MS,
      env,
    });

  /** That a script prints this and nothing to stderr, and that its process ends by itself, as it should. */
  const prints = (sentence, expected, script, code = 0) =>
    test(`${sentence} (${memory})`, () => {
      const child = run(script);
      assert.equal(child.stderr, '');
      assert.deepEqual([child.status, child.signal], [code, null]);
      assert.equal(child.stdout.trim(), expected);
    });

  prints(
    'the mode is the one that was asked for',
    memory === 'v8' ? 'false' : 'true',
    `console.log(require(${CELLS}).reachable);`,
  );

  prints(
    'texts of scrapes are collected without anything else that asks for it',
    'ok',
    `
    (async () => {
      const c = new Counter({ name: 'texts', help: 'h', labelNames: ['x'], limit: 20_000 });
      for (let i = 0; i < 10_000; i += 1) c.inc({ x: 'x'.repeat(100) + i });
      const length = register.metricsSync().length;
      for (const metrics of [() => register.metrics(), () => register.metricsSync(), () => render('text')]) {
        for (let i = 0; i < 300; i += 1) await metrics();
        // V8 waits for 64 MiB.
        const { external } = process.memoryUsage();
        if (length < 1e6 || external > 200 * length) throw new Error(external + ' bytes of texts of ' + length);
      }
      console.log('ok');
    })();
    `,
  );

  prints(
    'more series than there are single cells at first are each counted, as are runs of cells',
    'ok',
    `
    const dropIn = require(${DROP_IN});
    const { SCALARS } = require(${CELLS});
    const count = SCALARS + 10_000;
    const c = new dropIn.Counter({ name: 'c', help: 'h', labelNames: ['x'] });
    const kept = [];
    for (let i = 0; i < count; i += 1) {
      const child = c.labels(i);
      child.inc(i);
      if (i % 1000 === 0) kept.push([i, child]);
    }
    for (let i = 0; i < count; i += 777) c.inc({ x: i }, 0.5);
    const h = new dropIn.Histogram({ name: 'h', help: 'h', labelNames: ['x'], store: 'compact', buckets: [1, 2] });
    const wide = new dropIn.Histogram({ name: 'w', help: 'h', labelNames: ['x'] });
    for (let i = 0; i < 3000; i += 1) h.observe({ x: i }, i % 4);
    for (let i = 0; i < 40; i += 1) { wide.labels(i).observe(i); wide.observe({ x: i }, i); }
    for (const [i, child] of kept) child.inc(1000);
    const { values } = c.getSync();
    for (const { labels: { x }, value } of values) {
      const expected = x + (x % 777 === 0 ? 0.5 : 0) + (x % 1000 === 0 ? 1000 : 0);
      if (value !== expected) throw new Error(x + ': ' + value + ', not ' + expected);
    }
    if (values.length !== count) throw new Error('series: ' + values.length);
    for (const metric of [h, wide]) for (const { metricName, labels: { x }, value } of metric.getSync().values) {
      const expected = metric === h ? [x % 4, 1] : [2 * x, 2];
      if (metricName.endsWith('_sum') && value !== expected[0]) throw new Error('sum of ' + x + ': ' + value);
      if (metricName.endsWith('_count') && value !== expected[1]) throw new Error('count of ' + x + ': ' + value);
    }
    console.log('ok');`,
  );

  prints(
    'metrics and registries that are dropped are collected, and their cells given to others',
    'collected 240, cells reused',
    `
    (async () => {
      let collected = 0;
      const gone = new FinalizationRegistry(() => (collected += 1));
      let highest = 0;
      const one = async () => {
        const registry = new Registry();
        const config = { help: 'h', labelNames: ['x'], registers: [registry] };
        const c = new Counter({ name: 'c', ...config });
        const h = new Histogram({ name: 'h', ...config });
        const unlisted = new Counter({ name: 'u', ...config, registers: [] });
        for (let i = 0; i < 300; i += 1) {
          const child = c.labels(i);
          child.inc();
          unlisted.inc({ x: i });
          highest = Math.max(highest, child._at);
        }
        h.observe({ x: 1 }, 1);
        await registry.metrics();
        for (const object of [registry, c, h, unlisted]) gone.register(object);
      };
      for (let round = 0; round < 60; round += 1) {
        await one();
        if (round % 5 === 4) await collect();
      }
      await collect();
      console.log('collected ' + collected + ', cells ' + (highest < 60 * 600 / 2 ? 'reused' : 'up to ' + highest));
    })();`,
  );

  prints(
    'a registry keeps the metrics that it lists, with what they counted, and lets go of those that it does not',
    'kept 6, collected 1',
    `
    (async () => {
      let collected = 0;
      const gone = new FinalizationRegistry(() => (collected += 1));
      (() => {
        const [kept, dropped] = ['kept', 'dropped'].map((name) => new Counter({ name, help: 'h' }));
        kept.inc(6);
        dropped.inc();
        gone.register(kept);
        gone.register(dropped);
        register.removeSingleMetric('dropped');
      })();
      await collect();
      console.log((await register.metrics()).match(/^kept .*/m)[0] + ', collected ' + collected);
    })();`,
  );

  prints(
    'a child keeps its metric, and counts on when nothing else knows of it',
    '5',
    `
    (async () => {
      const child = (() => new Counter({ name: 'c', help: 'h', labelNames: ['x'], registers: [new Registry()] }).labels('a'))();
      await collect();
      for (let i = 0; i < 5; i += 1) { child.inc(); if (i === 2) await collect(); }
      console.log(child._metric.getSync().values[0].value);
    })();`,
  );

  prints(
    'series that are removed make room for others, so that a process does not grow',
    'ok',
    `
    (async () => {
      const c = new Counter({ name: 'c', help: 'h', labelNames: ['x'] });
      const h = new Histogram({ name: 'h', help: 'h', labelNames: ['x'] });
      let highest = 0;
      for (let i = 0; i < 12_000; i += 1) {
        const child = c.labels(i);
        child.inc();
        if (i % 4 === 0) h.observe({ x: i }, 1);
        highest = Math.max(highest, child._at);
        c.remove(i);
        if (i % 4 === 0) h.remove(i);
        if (i % 1000 === 0) await register.metrics();
      }
      const text = await register.metrics();
      if (text !== '# HELP c h\\n# TYPE c counter\\n\\n# HELP h h\\n# TYPE h histogram\\n') throw new Error(text);
      console.log(highest < 6_000 ? 'ok' : highest);
    })();`,
  );

  prints(
    'a process ends by itself with metrics, kept children and a worker that is over',
    'over 1',
    `
    const c = new Counter({ name: 'c', help: 'h' });
    globalThis.kept = c.labels();
    kept.inc();
    const worker = new Worker('require(' + JSON.stringify(${PACKAGE}) + ')', { eval: true });
    worker.on('exit', () => register.metrics().then((text) => console.log('over ' + text.at(-2))));`,
  );

  prints(
    'a process that asked for scrapes ends when they are there',
    'waited',
    `
    new Counter({ name: 'c', help: 'h' });
    Promise.all([register.metrics(), render('json'), render('text', { encoding: 'gzip' })]).then(() => console.log('waited'));`,
  );

  const MANY = `
    const c = new Counter({ name: 'c', help: 'h', labelNames: ['x'], limit: 50_000 });
    for (let i = 0; i < 30_000; i += 1) c.inc({ x: i });
    const pending = [];
    for (let i = 0; i < 20; i += 1) pending.push(register.metrics(), render('protobuf', { encoding: 'zstd' }));`;

  prints('a process exits in the middle of scrapes', '', `${MANY} process.exit(7);`, 7);
  prints(
    'a process exits in the middle of scrapes that have begun',
    '',
    `${MANY} setTimeout(() => process.exit(8), 5);`,
    8,
  );
  prints(
    'a process exits in the middle of a loop that records in a worker',
    '',
    `
    const worker = new Worker(\`
      const { Counter } = require(${PACKAGE.replaceAll('\\', '\\\\')});
      const child = new Counter({ name: 'c', help: 'h', labelNames: ['x'] }).labels('a');
      require('node:worker_threads').parentPort.postMessage('begins');
      for (;;) child.inc();\`, { eval: true });
    worker.once('message', () => { register.metrics(); process.exit(9); });`,
    9,
  );
  prints(
    'a worker is terminated while its scrapes are pending, again and again',
    'over',
    `
    const script = \`
      const { parentPort } = require('node:worker_threads');
      const { Counter, register, render } = require(${PACKAGE.replaceAll('\\', '\\\\')});
      const c = new Counter({ name: 'c', help: 'h', labelNames: ['x'] });
      for (let i = 0; i < 3000; i += 1) c.inc({ x: i });
      for (let i = 0; i < 30; i += 1) { register.metrics(); render('json'); }
      parentPort.postMessage('pending');
      register.metrics().then(() => parentPort.postMessage('done'));
    \`;
    (async () => {
      for (let i = 0; i < 12; i += 1) {
        const worker = new Worker(script, { eval: true });
        await new Promise((resolve) => worker.once('message', resolve));
        if (i % 3 === 1) await turn();
        if (i % 3 === 2) await new Promise((resolve) => setTimeout(resolve, 3));
        await worker.terminate();
        await register.metrics();
      }
      console.log('over');
    })();`,
  );
  prints(
    'an error that nobody caught ends a process as it always does, scrapes or not',
    '',
    `${MANY} process.on('uncaughtException', () => process.exit(3)); throw new Error('x');`,
    3,
  );
}

test('a leak would be found', () => {
  const script = `${PREAMBLE}
    (async () => {
      let collected = 0;
      const gone = new FinalizationRegistry(() => (collected += 1));
      const leak = [];
      (() => { const r = new Registry(); leak.push(r); gone.register(r); gone.register(new Registry()); })();
      await collect();
      console.log(collected, leak.length);
    })();`;
  const child = spawnSync(process.execPath, ['--expose-gc', '-e', script], {
    encoding: 'utf8',
    timeout: HANG_MS,
  });
  assert.equal(child.stdout.trim(), '1 1');
});
