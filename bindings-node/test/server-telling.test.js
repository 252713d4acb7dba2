'use strict';

/** What JavaScript tells a server, where what it is asked of is odd: a question is answered whatever happens. */

const assert = require('node:assert/strict');
const test = require('node:test');
const { Counter, Gauge, Histogram, Registry } = require('tykmetrics');
const native = require('../lib/native');
const { scrape, serve, until, valueOf, warned } = require('./serving-metrics');

const UNTOLD = 'tykmetrics_scrape_untold_total';

/** A registry with a counter of the engine's and a metric of the program's. */
function filled() {
  const registry = new Registry();
  new Counter({ name: 'jobs_total', help: 'j', registers: [registry] }).inc(2);
  registry.registerMetric(foreign('good', [{ value: 1 }]));
  return registry;
}

/** A metric that is an object of the program's. */
function foreign(name, values) {
  return { name, get: () => ({ name, type: 'gauge', values }) };
}

function throws(error) {
  return {
    get() {
      throw error;
    },
  };
}

/** Metrics that answer what none should, and what is said of each. */
const ODD = {
  no_value: [foreign('no_value', [{}]), 'a value is undefined, not a number'],
  null_value: [foreign('null_value', [{ value: null }]), 'a value is null, not a number'],
  text: [foreign('text', [{ value: '5' }]), 'a value is string, not a number'],
  big: [foreign('big', [{ value: 5n }]), 'a value is bigint, not a number'],
  no_values: [foreign('no_values', 5), 'values is not an array'],
  hole: [foreign('hole', new Array(1)), 'undefined'],
  label: [foreign('label', [{ value: 1, labels: { a: Symbol('a') } }]), 'Symbol'],
  help: [{ get: () => ({ name: 'help', help: Symbol('a'), values: [] }) }, 'Symbol'],
  bare: [foreign('bare', [{ value: 1, exemplar: { value: 1 } }]), 'an exemplar has no labelSet'],
  worthless: [
    foreign('worthless', [{ value: 1, exemplar: { labelSet: {} } }]),
    'the value of an exemplar is undefined, not a number',
  ],
  timeless: [
    foreign('timeless', [{ value: 1, exemplar: { labelSet: {}, value: 1, timestamp: 'now' } }]),
    'the timestamp of an exemplar is string, not a number',
  ],
  nothing: [{ get: () => undefined }, 'get() gave no metric'],
  nil: [{ get: () => null }, 'get() gave no metric'],
  fails: [throws(Object.create(null)), 'something without a text'],
  fails_later: [{ get: () => Promise.reject(Object.create(null)) }, 'something without a text'],
};

test('an odd answer costs its metric alone, which is warned of by name, and later scrapes nothing', async (t) => {
  const warnings = warned(t);
  for (const [name, [metric, message]] of Object.entries(ODD)) {
    const registry = filled();
    registry.registerMetric({ ...metric, name });
    const server = await serve(t, { registry });
    for (const count of [1, 2, 3]) {
      const { text } = await scrape(server);
      const values = ['good', 'jobs_total', UNTOLD].map((series) => valueOf(text, series));
      assert.deepEqual(values, [1, 2, count], name);
      assert.ok(!new RegExp(`^${name}\\b`, 'm').test(text), text);
    }
    registry.removeSingleMetric(name);
    assert.equal(valueOf((await scrape(server)).text, UNTOLD), 3, name);
    assert.equal(warnings.length, 1, `${warnings}`);
    const [warning] = warnings.splice(0);
    assert.ok(warning.startsWith(`metric ${name} was left out of a scrape: `), warning);
    assert.ok(warning.includes(message), warning);
    await server.close();
  }
});

test('samples may be called other than their metric, and by what is no text', async (t) => {
  const registry = new Registry();
  const get = () => ({
    name: 'own',
    type: 'gauge',
    values: [{ metricName: { toString: () => 'own' }, value: 4 }],
  });
  registry.registerMetric({ name: 'own', get });
  assert.equal(valueOf((await scrape(await serve(t, { registry }))).text, 'own'), 4);
});

test('a question is answered where the engine takes nothing of what is told', async (t) => {
  const warnings = warned(t);
  const registry = filled();
  const server = await serve(t, { registry });
  const answer = native.answerDoor;
  const refusing = t.mock.method(native, 'answerDoor', (door, number, known, given, isPartial) => {
    if (given.length > 0) throw new Error('no luck');
    return answer(door, number, known, given, isPartial);
  });
  for (const count of [1, 2]) {
    const { text } = await scrape(server);
    assert.deepEqual([valueOf(text, 'good'), valueOf(text, 'jobs_total')], [undefined, 2]);
    assert.equal(valueOf(text, UNTOLD), count);
  }
  refusing.mock.restore();
  const { text } = await scrape(server);
  assert.deepEqual([valueOf(text, 'good'), valueOf(text, UNTOLD)], [1, 2]);
  assert.deepEqual(warnings, ['a scrape went without what JavaScript tells: no luck']);
});

test('default labels that are none are warned of, and everything is served without them', async (t) => {
  const warnings = warned(t);
  const registry = filled();
  const server = await serve(t, { registry });
  const served = async (labels) => {
    registry.setDefaultLabels(labels);
    const { text } = await scrape(server);
    return text
      .split('\n')
      .filter((line) => /^(good|jobs)/.test(line))
      .sort();
  };
  for (const none of [null, undefined, { a: Symbol('a') }, { a: Object.create(null) }]) {
    assert.deepEqual(await served(none), ['good 1', 'jobs_total 2']);
  }
  const some = await served({ a: Symbol('a'), b: 'x', c: 1n });
  assert.deepEqual(some, ['good{b="x",c="1"} 1', 'jobs_total{b="x",c="1"} 2']);
  assert.deepEqual(await served({}), ['good 1', 'jobs_total 2']);
  const begins = ['the default labels of the registry are not served', 'the default label a is not served'];
  assert.ok(
    begins.every((begin) => warnings.some((warning) => warning.startsWith(begin))),
    `${warnings}`,
  );
  assert.ok(
    warnings.every((warning) => begins.some((begin) => warning.startsWith(begin))),
    `${warnings}`,
  );
  // As where a server is begun.
  registry.setDefaultLabels(null);
  assert.equal(valueOf((await scrape(await serve(t, { registry }))).text, 'good'), 1);
});

test('a registry that cannot be looked at is looked at again', async (t) => {
  const warnings = warned(t);
  const registry = new Registry();
  const gauge = new Gauge({ name: 'late', help: 'l', registers: [registry] });
  const server = await serve(t, { registry });
  registry.getMetricsAsArray = () => {
    throw new Error('no luck');
  };
  // The first has it looked at, and once that failed, JavaScript is asked.
  await until('a scrape goes without something', async () => {
    const { text } = await scrape(server);
    assert.equal(valueOf(text, 'late'), 0);
    return valueOf(text, UNTOLD) > 0 || undefined;
  });
  delete registry.getMetricsAsArray;
  gauge.collect = () => gauge.set(9);
  await until('the function is called', async () => {
    return valueOf((await scrape(server)).text, 'late') === 9 || undefined;
  });
  assert.deepEqual(warnings.sort(), [
    'a scrape went without what JavaScript tells: no luck',
    'the metrics of the registry cannot be looked at: no luck',
  ]);
});

test('what fails as a registry changes ends no program', async (t) => {
  const warnings = warned(t);
  const registry = filled();
  const server = await serve(t, { registry });
  const refusing = t.mock.method(native, 'informDoor', () => {
    throw new Error('no luck');
  });
  registry.setDefaultLabels({ a: 'b' });
  await until('it is warned of', () => (warnings.length > 0 ? true : undefined));
  refusing.mock.restore();
  assert.deepEqual(warnings, ['no luck']);
  assert.equal(valueOf((await scrape(server)).text, 'good{a="b"}'), 1);
});

test('a reset forgets exemplars too, and is not held up by a metric that fails', async (t) => {
  const warnings = warned(t);
  const registry = new Registry(Registry.OPENMETRICS_CONTENT_TYPE);
  const options = { help: 'h', enableExemplars: true, registers: [registry] };
  registry.registerMetric({
    ...foreign('own', [{ value: 1 }]),
    reset() {
      throw new Error('no luck');
    },
  });
  const counter = new Counter({ ...options, name: 'jobs_total' });
  const histogram = new Histogram({ ...options, name: 'latency_seconds', buckets: [1] });
  const record = (id) => {
    counter.inc({ value: 2, exemplarLabels: { trace_id: id } });
    histogram.observe({ value: 0.5, exemplarLabels: { trace_id: id } });
  };
  const auth = { bearer: 'token' };
  const server = await serve(t, { registry, auth, routes: { reset: true } });
  const headers = { authorization: 'Bearer token', accept: 'application/openmetrics-text; version=1.0.0' };
  const told = async (id) => {
    const { text } = await scrape(server, { headers });
    return text.split(`trace_id="${id}"`).length - 1;
  };
  record('before');
  assert.equal(await told('before'), 2);
  const reset = await scrape(server, { path: '/metrics/reset', method: 'POST', headers });
  assert.equal(reset.status, 200);
  // What is asked of the loop is asked in turn: the reset comes before the scrape.
  assert.equal(await told('before'), 0);
  record('after');
  assert.equal(await told('after'), 2);
  assert.deepEqual(warnings, ['metric own was not reset: no luck']);
});

test('a metric that prints the name of another is not served, which is warned of once', async (t) => {
  const warnings = warned(t);
  const registry = new Registry();
  const registers = [registry];
  new Histogram({ name: 'a', help: 'a', buckets: [1], registers }).observe(1);
  const early = new Counter({ name: 'a_count', help: 'c', registers });
  const server = await serve(t, { registry });
  new Counter({ name: 'a_sum', help: 'c', registers });
  for (let i = 0; i < 3; i += 1) {
    const { text } = await scrape(server);
    assert.equal(text.match(/^a_count/gm).length, 1, text);
    assert.equal(text.match(/^# TYPE/gm).length, 1, text);
  }
  const why = 'is not served: another metric of its registry prints one of its names';
  assert.deepEqual(warnings, [`metric a_count ${why}`, `metric a_sum ${why}`]);
  // Once the other is gone, it is served if it is registered anew.
  for (const name of ['a', 'a_count', 'a_sum']) registry.removeSingleMetric(name);
  early.inc(4);
  registry.registerMetric(early);
  assert.match((await scrape(server)).text, /^a_count(_total)? 4$/m);
  await serve(t, { registry });
  assert.equal(warnings.length, 2);
});
