'use strict';

/**
 * A scrape does not hold the event loop: it turns many times while one is waited for. Turns are counted and no times, which a busy
 * machine would blur.
 */

const { test } = require('node:test');
const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');

const { Gauge, Histogram, Registry, render, renderSync } = require('..');
// The one that may have as many series as it likes.
const { Counter } = require('../prom-client');

/** So many that a scrape takes long enough for many turns. */
const SERIES = 300_000;
/** The best of them counts: others are held up by what else the machine does. */
const ROUNDS = 12;
/** A loop that is free turns thousands of times meanwhile, one that renders by itself once before and once after. */
const TURNS = 50;

const registry = new Registry();
const counter = new Counter({
  name: 'requests_total',
  help: 'h',
  labelNames: ['path', 'code'],
  registers: [registry],
});
for (let i = 0; i < SERIES; i += 1) counter.inc({ path: `/some/path/${i >> 3}`, code: i & 7 }, i + 1);

/** How often the event loop turned while a promise was waited for, and its result. */
async function turnsOf(start) {
  let [turns, isOver] = [0, false];
  const done = start().finally(() => {
    isOver = true;
  });
  while (!isOver) {
    turns += 1;
    await new Promise(setImmediate);
  }
  return { turns, result: await done };
}

async function isFree(start, atOnce) {
  let most = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    const { turns, result } = await turnsOf(start);
    most = Math.max(most, turns);
    assert.equal(result.length, atOnce().length);
  }
  assert.ok(most > TURNS, `the loop turned ${most} times`);
}

test('the event loop turns while metrics() of 300,000 series is rendered', async () => {
  await isFree(
    () => registry.metrics(),
    () => registry.metricsSync(),
  );
  assert.equal((await registry.metrics()).split('\n').length, SERIES + 3);
});

test('the event loop turns while render() of 300,000 series is rendered', async () => {
  await isFree(
    () => render('text', { registry }),
    () => renderSync('text', { registry }),
  );
});

test('a loop that is held up is told from one that is free', async () => {
  const { turns } = await turnsOf(async () => {
    await null;
    registry.metricsSync();
  });
  assert.ok(turns < TURNS, `the loop turned ${turns} times`);
});

test('what is recorded during a scrape is in the next one, and no count goes back', async () => {
  const registers = [new Registry()];
  const c = new Counter({ name: 'c', help: 'h', labelNames: ['x'], registers });
  const h = new Histogram({ name: 'h', help: 'h', buckets: [1], registers });
  const children = Array.from({ length: 2000 }, (_, i) => c.labels(i));
  let [recorded, last] = [0, 0];
  for (let scrape = 0; scrape < 30; scrape += 1) {
    let isOver = false;
    const before = recorded;
    const text = registers[0].metrics().finally(() => (isOver = true));
    while (!isOver) {
      for (const child of children) child.inc();
      h.observe(recorded % 2 ? 0.5 : 2);
      recorded += 1;
      await new Promise(setImmediate);
    }
    const counts = [...(await text).matchAll(/^c\{x="\d+"\} (\d+)$/gm)].map(([, count]) => Number(count));
    assert.equal(counts.length, children.length);
    assert.ok(Math.min(...counts) >= before && Math.max(...counts) <= recorded);
    assert.ok(Math.min(...counts) >= last, 'no count is lower than any was');
    last = before;
    const [, infinite] = (await text).match(/^h_bucket\{le="\+Inf"\} (\d+)$/m);
    assert.match(await text, new RegExp(`^h_count ${infinite}$`, 'm'));
  }
  assert.match(await registers[0].metrics(), new RegExp(`^c\\{x="7"\\} ${recorded}$`, 'm'));
});

test('a scrape of much that is not ASCII is whole', async () => {
  const registers = [new Registry()];
  const g = new Gauge({ name: 'g', help: 'größe ☃ 😀', labelNames: ['x'], registers });
  for (let i = 0; i < 5000; i += 1) g.set({ x: `${'é😀'.repeat(5)}${i}` }, i);
  const lines = (await registers[0].metrics()).split('\n');
  assert.equal(lines[0], '# HELP g größe ☃ 😀');
  for (let i = 0; i < 5000; i += 1) assert.equal(lines[i + 2], `g{x="${'é😀'.repeat(5)}${i}"} ${i}`);
});

test('large texts that were given outlive their registry, and are given back', () => {
  const script = `
    const { Counter, Registry } = require(${JSON.stringify(require.resolve('../prom-client'))});
    (async () => {
      const c = new Counter({ name: 'c', help: 'h', labelNames: ['x'] });
      for (let i = 0; i < 50_000; i += 1) c.inc({ x: i });
      const { globalRegistry } = Registry;
      const kept = await globalRegistry.metrics();
      const turn = () => new Promise(setImmediate);
      for (let i = 0; i < 10; i += 1) await globalRegistry.metrics();
      for (let i = 0; i < 3; i += 1) { gc(); await turn(); }
      const before = process.memoryUsage().rss;
      for (let i = 0; i < 100; i += 1) {
        await globalRegistry.metrics();
        if (i % 10 === 0) { gc(); await turn(); }
      }
      globalRegistry.clear();
      for (let i = 0; i < 3; i += 1) { gc(); await turn(); }
      const texts = (process.memoryUsage().rss - before) / kept.length;
      console.log(texts < 50 ? 'given back' : 'kept ' + texts, kept.length, kept.slice(-15).trim());
    })();`;
  const child = spawnSync(process.execPath, ['--expose-gc', '-e', script], { encoding: 'utf8' });
  assert.equal(child.stderr, '');
  assert.match(child.stdout, /^given back \d+ c\{x="49999"\} 1$/m);
});

test("a scrape does not wait for the runtime's pool of threads", () => {
  const script = `
    const { pbkdf2 } = require('node:crypto');
    const { Counter, register, render } = require(${JSON.stringify(require.resolve('..'))});
    new Counter({ name: 'c', help: 'h' }).inc();
    const order = [];
    const work = new Promise((resolve) => pbkdf2('a', 'b', 3_000_000, 64, 'sha512', resolve)).then(() => order.push('work'));
    const scrapes = [register.metrics(), render('text', { encoding: 'gzip' })].map((done) => done.then(() => order.push('scrape')));
    Promise.all([work, ...scrapes]).then(() => console.log(order.join()));`;
  const env = { ...process.env, UV_THREADPOOL_SIZE: '1' };
  const child = spawnSync(process.execPath, ['-e', script], { encoding: 'utf8', env });
  assert.equal(child.stdout.trim(), 'scrape,scrape,work', child.stderr);
});
