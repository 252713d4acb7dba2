'use strict';

/** The metrics server and the event loop: what is served without it, what waits for it, and what ends with it. */

const assert = require('node:assert/strict');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const test = require('node:test');
const { Worker } = require('node:worker_threads');
const { once } = require('node:events');
const { Counter, Gauge, Registry } = require('tykmetrics');
const { program, scrape, serve, until, valueOf, warned } = require('./serving-metrics');

const UNTOLD = 'tykmetrics_scrape_untold_total';

/** A metric that is an object of the program's. */
function foreign(name, get) {
  return { name, help: name, type: 'gauge', get: () => ({ name, help: name, type: 'gauge', ...get() }) };
}

/** A program that serves, blocks its loop when it is told to, until it is told again, and says when it does. */
const BLOCKING = `
  const fs = require('node:fs');
  const { Counter, Gauge, register, startHttpServer } = require('tykmetrics');
  const counter = new Counter({ name: 'jobs_total', help: 'Jobs' });
  counter.inc(5);
  MORE
  const nap = new Int32Array(new SharedArrayBuffer(4));
  const isTold = () => {
    try {
      return fs.readSync(0, Buffer.alloc(10)) > 0;
    } catch (error) {
      if (error.code === 'EAGAIN') return false;
      throw error;
    }
  };
  startHttpServer({ port: 0 }).then((server) => {
    console.log(server.url);
    process.stdin.on('data', () => {
      process.stdout.write('busy\\n', () => {
        counter.inc();
        while (!isTold()) Atomics.wait(nap, 0, 0, 5);
        console.log('free');
      });
    });
  });`;

/** The engine waits a second for the loop: so many scrapes that did would take longer than they may. */
const MANY = 20;
const MAY_TAKE = 15_000;

/** Scrapes while a loop is blocked, one after the other, none of which may wait for it. */
async function scrapesAtOnce(server) {
  const texts = [];
  const began = Date.now();
  while (texts.length < MANY) texts.push((await scrape(server)).text);
  const took = Date.now() - began;
  assert.ok(took < MAY_TAKE, `${MANY} scrapes took ${took} ms`);
  return texts;
}

test('what the engine records is served while the event loop is busy', async (t) => {
  const { child, line } = program(t, BLOCKING.replace('MORE', "register.setDefaultLabels({ app: 'x' });"));
  const server = { url: await line() };
  child.stdin.write('x');
  assert.equal(await line(), 'busy');
  for (const text of await scrapesAtOnce(server)) {
    assert.equal(valueOf(text, 'jobs_total{app="x"}'), 6);
    assert.equal(valueOf(text, UNTOLD), undefined);
  }
  child.stdin.write('x');
  assert.equal(await line(), 'free');
});

test('a busy loop costs one scrape a second, and what only it tells; then all is told again', async (t) => {
  const more = `
    register.registerMetric({ name: 'own', get: () => ({ name: 'own', type: 'gauge', values: [{ value: 1 }] }) });
    let asked = 0;
    new Gauge({ name: 'asked', help: 'a', collect() { this.set((asked += 1)); } });`;
  const { child, line } = program(t, BLOCKING.replace('MORE', more));
  const server = { url: await line() };
  const valuesOf = (text) => ['own', 'asked', 'jobs_total', UNTOLD].map((name) => valueOf(text, name));
  // The machine may be busy too.
  const first = await until('all is told', async () => {
    const values = valuesOf((await scrape(server)).text);
    return values[0] === undefined ? undefined : values;
  });
  const [, asked, , missed] = first;
  assert.deepEqual(first, [1, asked, 5, missed]);
  child.stdin.write('x');
  assert.equal(await line(), 'busy');
  const began = performance.now();
  const waited = (await scrape(server)).text;
  const took = performance.now() - began;
  assert.ok(took >= 900 && took < MAY_TAKE, `${took} ms`);
  const after = await scrapesAtOnce(server);
  for (const [at, text] of [waited, ...after].entries()) {
    assert.deepEqual(valuesOf(text), [undefined, asked, 6, missed + at + 1]);
  }
  child.stdin.write('x');
  assert.equal(await line(), 'free');
  let scrapes = missed + 1 + MANY;
  const last = await until('all is told again', async () => {
    const values = valuesOf((await scrape(server)).text);
    if (values[0] !== undefined) return values;
    scrapes += 1;
    return undefined;
  });
  assert.deepEqual(last, [1, last[1], 6, scrapes]);
  assert.ok(last[1] > asked);
});

test('a metric that takes too long costs no other, also where the loop was busy when it was asked', async (t) => {
  const more = `
    register.registerMetric({ name: 'own', get: () => ({ name: 'own', type: 'gauge', values: [{ value: 1 }] }) });
    register.registerMetric({ name: 'slow', get: () => new Promise(() => {}) });`;
  const { child, line } = program(t, BLOCKING.replace('MORE', more));
  const server = { url: await line() };
  // A machine that is busy itself may take the rest of the second.
  await until('the other is told', async () => {
    child.stdin.write('x');
    assert.equal(await line(), 'busy');
    const scraped = scrape(server);
    await new Promise((resolve) => setTimeout(resolve, 250));
    child.stdin.write('x');
    assert.equal(await line(), 'free');
    return valueOf((await scraped).text, 'own');
  });
});

test('functions are called for each scrape, and waited for', async (t) => {
  const registry = new Registry();
  let calls = 0;
  const collect = async function () {
    await new Promise((resolve) => setTimeout(resolve, 20));
    this.set((calls += 1));
  };
  new Gauge({ name: 'calls', help: 'c', registers: [registry], collect });
  const server = await serve(t, { registry });
  for (const expected of [1, 2, 3]) {
    const { text } = await scrape(server);
    assert.deepEqual([valueOf(text, 'calls'), valueOf(text, UNTOLD)], [expected, 0]);
  }
});

test('what fails or takes too long is left out and warned of once, and the rest is told', async (t) => {
  const warnings = warned(t);
  const registry = new Registry();
  registry.registerMetric(foreign('good', () => ({ values: [{ value: 1, labels: { a: 'b' } }] })));
  registry.registerMetric({ name: 'slow', get: () => new Promise(() => {}) });
  registry.registerMetric({
    name: 'bad',
    get() {
      throw new Error('no luck');
    },
  });
  new Counter({ name: 'jobs_total', help: 'j', registers: [registry] }).inc(2);
  const server = await serve(t, { registry });
  for (const count of [1, 2]) {
    const { text } = await scrape(server);
    const values = ['good{a="b"}', 'jobs_total', UNTOLD].map((name) => valueOf(text, name));
    assert.deepEqual(values, [1, 2, count]);
    assert.ok(!/^(slow|bad)/m.test(text), text);
  }
  assert.deepEqual(warnings.sort(), [
    'metric bad was left out of a scrape: no luck',
    'metric slow was left out of a scrape: took more than 500 ms',
  ]);
});

test('metrics, labels and functions that come later are served', async (t) => {
  const registry = new Registry();
  const server = await serve(t, { registry });
  assert.equal((await scrape(server)).text.trim(), '');
  const own = foreign('own', () => ({ values: [{ value: 3, labels: { app: 'mine' } }, { value: 4 }] }));
  registry.registerMetric(own);
  assert.match((await scrape(server)).text, /^own\{app="mine"\} 3\nown 4$/m);
  registry.setDefaultLabels({ app: 'x' });
  const gauge = new Gauge({ name: 'late', help: 'l', registers: [registry] });
  new Gauge({ name: 'clash', help: 'c', labelNames: ['app'], registers: [registry] }).set({ app: 'own' }, 1);
  assert.match((await scrape(server)).text, /^own\{app="mine"\} 3\nown\{app="x"\} 4$/m);
  const { text } = await scrape(server);
  assert.deepEqual([valueOf(text, 'late{app="x"}'), valueOf(text, 'clash{app="own"}')], [0, 1]);
  registry.removeSingleMetric('own');
  registry.removeSingleMetric('clash');
  await scrape(server);
  assert.equal(valueOf((await scrape(server)).text, 'late{app="x"}'), 0);
  // Nothing is said to the registry: a scrape has it seen.
  gauge.collect = () => gauge.set(9);
  await until('the function is called', async () => {
    return valueOf((await scrape(server)).text, 'late{app="x"}') === 9 || undefined;
  });
});

test('exemplars are told in OpenMetrics', async (t) => {
  const registry = new Registry(Registry.OPENMETRICS_CONTENT_TYPE);
  const options = { name: 'jobs_total', help: 'j', enableExemplars: true, registers: [registry] };
  new Counter(options).inc({ value: 2, exemplarLabels: { trace_id: 'abc' } });
  const server = await serve(t, { registry });
  const { text } = await scrape(server, {
    headers: { accept: 'application/openmetrics-text; version=1.0.0' },
  });
  assert.match(text, /^jobs_total 2(\.0)? # \{trace_id="abc"\} 2/m);
});

const START = `const { startHttpServer, register } = require('tykmetrics');`;

test('a server keeps its program running until it is closed, unless it is told not to', async (t) => {
  const stays = program(t, `${START} startHttpServer({ port: 0 }).then(({ url }) => console.log(url));`);
  const url = await stays.line();
  await new Promise((resolve) => setTimeout(resolve, 300));
  assert.equal((await fetch(`${url}/health`)).status, 200);
  const ends = [
    `startHttpServer({ port: 0 }).then((server) => server.unref());`,
    `startHttpServer({ port: 0 }).then((server) => server.close());`,
    `startHttpServer({ port: 0 }).then((server) => server.unref().ref().close());`,
    `startHttpServer({ port: 'x' }).catch(() => {});`,
  ];
  for (const source of ends) {
    const { code, errors } = await program(t, START + source).ended;
    assert.equal(code, 0, `${source}\n${errors}`);
  }
});

test('a process that ends does not wait for a scrape that waits for it', async (t) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'tykmetrics-exit-'));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  const socket = path.join(folder, 'metrics.sock');
  const source = `${START}
    const get = () => { setTimeout(() => process.exit(3), 50); return new Promise(() => {}); };
    register.registerMetric({ name: 'slow', get });
    startHttpServer({ listen: 'unix:${socket}', shutdownGrace: 60 }).then(() => console.log('runs'));
    startHttpServer({ port: 0, shutdownGrace: 60 }).then(({ url }) => console.log(url));`;
  const { line, ended } = program(t, source);
  const url = [await line(), await line()].find((text) => text !== 'runs');
  const began = Date.now();
  await fetch(`${url}/metrics`).catch(() => {});
  const { code, signal, errors } = await ended;
  assert.deepEqual([code, signal], [3, null], errors);
  assert.ok(Date.now() - began < MAY_TAKE, `${Date.now() - began} ms`);
  assert.ok(!fs.existsSync(socket));
});

test('each worker may serve, and its server ends with it', async (t) => {
  const source = `
    const { parentPort } = require('node:worker_threads');
    const { Counter, Registry, startHttpServer } = require('tykmetrics');
    const registry = new Registry();
    new Counter({ name: 'jobs_total', help: 'j', registers: [registry] }).inc(7);
    registry.registerMetric({ name: 'own', get: () => new Promise(() => {}) });
    startHttpServer({ port: 0, registry, shutdownGrace: 60 }).then((server) => parentPort.postMessage(server.url));`;
  for (let round = 0; round < 5; round += 1) {
    const workers = Array.from({ length: 3 }, () => new Worker(source, { eval: true }));
    t.after(() => Promise.all(workers.map((worker) => worker.terminate())));
    const urls = await Promise.all(workers.map(async (worker) => (await once(worker, 'message'))[0]));
    assert.equal(new Set(urls).size, 3);
    const texts = urls.map((url) => fetch(`${url}/metrics`).then((answer) => answer.text()));
    const scrapes = Promise.allSettled(texts);
    if (round === 0) {
      for (const text of await Promise.all(texts)) assert.equal(valueOf(text, 'jobs_total'), 7);
    }
    const began = Date.now();
    await Promise.all(workers.map((worker) => worker.terminate()));
    assert.ok(Date.now() - began < MAY_TAKE, `${Date.now() - began} ms`);
    await scrapes;
    for (const url of urls) await assert.rejects(fetch(`${url}/metrics`), url);
  }
});

test('a worker that ends while its server starts leaves none behind', async (t) => {
  const source = `
    const { startHttpServer } = require('tykmetrics');
    const { parentPort } = require('node:worker_threads');
    parentPort.postMessage('starts');
    for (let i = 0; i < 3; i += 1) startHttpServer({ port: 0 });
    setTimeout(() => process.exit(), Math.random() * 3);`;
  const isOurs = (task) => {
    try {
      return fs.readFileSync(`/proc/self/task/${task}/comm`, 'utf8').startsWith('tykmetrics-');
    } catch {
      return false;
    }
  };
  const ours = () => fs.readdirSync('/proc/self/task').filter(isOurs).length;
  for (let round = 0; round < 20; round += 1) {
    await once(new Worker(source, { eval: true }), 'exit');
  }
  for (let i = 0; i < 200 && ours() > 0; i += 1) await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal(ours(), 0);
  const registry = new Registry();
  assert.equal((await scrape(await serve(t, { registry }))).status, 200);
});
