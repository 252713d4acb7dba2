'use strict';

/**
 * Gauges, against prom-client's, and what other isolates change: from then on a gauge is set by way of the engine.
 */

const { test } = require('node:test');
const assert = require('node:assert/strict');
const { once } = require('node:events');
const { Worker } = require('node:worker_threads');
const promClient = require('prom-client');

const dropIn = require('../prom-client');
const { Gauge, Registry } = require('..');

async function told(library, run) {
  const register = new library.Registry();
  const gauge = (config) => new library.Gauge({ name: 'g', help: 'h', registers: [register], ...config });
  let answer;
  let thrown;
  try {
    answer = await run(gauge, register);
  } catch (error) {
    thrown = [error.name, error.message];
  }
  const json = structuredClone(await register.getMetricsAsJSON());
  return { answer, thrown, text: await register.metrics(), json };
}

function agrees(sentence, run) {
  test(sentence, async () => {
    const theirs = await told(promClient, run);
    assert.deepEqual(await told(dropIn, run), theirs);
    assert.deepEqual(await told({ Registry, Gauge }, run), theirs);
  });
}

function refuses(sentence, message, run) {
  agrees(sentence, run);
  test(`${sentence}, in so many words`, async () => {
    const { thrown } = await told(dropIn, run);
    assert.match(thrown?.[1] ?? 'nothing was thrown', message);
  });
}

/** For as long as `run` takes. */
function replaced(object, name, value, run) {
  const own = object[name];
  object[name] = value;
  try {
    return run();
  } finally {
    object[name] = own;
  }
}

agrees('a gauge without labels is there at zero', (gauge) => {
  gauge();
});

agrees('a gauge is set and moved either way', (gauge) => {
  const g = gauge();
  g.set(10.5);
  g.inc();
  g.inc(2);
  g.dec();
  g.dec(0.25);
  g.inc(-3);
  g.dec(-3);
  g.inc(undefined);
  g.dec(undefined);
  g.set({}, 4);
  g.inc({}, 1);
  g.dec({});
});

agrees('a gauge may be anything that is a number', (gauge) => {
  const g = gauge({ labelNames: ['of'] });
  const numbers = [NaN, Infinity, -Infinity, -5e-324, 1e21, -1e-7, 0.1 + 0.2, -Number.MAX_VALUE, 2 ** 53 + 1];
  numbers.forEach((number, i) => g.set({ of: `${i}` }, number));
  g.inc({ of: '1' }, -Infinity);
  g.inc({ of: '0' });
  g.dec({ of: '2' }, -Infinity);
});

agrees('a gauge that was not a number is one again once it is set', (gauge) => {
  const g = gauge();
  g.set(NaN);
  g.inc(5);
  g.set(3);
  g.set(Infinity);
  g.set(-2);
});

agrees('series are shown in the order in which they were made', (gauge) => {
  const g = gauge({ labelNames: ['a', 'b'] });
  g.set({ a: 1, b: 2 }, 3);
  g.dec({ a: true, b: 'x' }, 3);
  g.labels('q', 'r').set(7);
  g.labels({ a: 'q', b: 'r' }).inc(0.5);
  g.labels('q', 'r').dec();
  g.labels({ a: 'q' }).inc();
  g.set(8);
  g.inc();
});

agrees('a removed gauge begins at zero', (gauge) => {
  const g = gauge({ labelNames: ['a'] });
  g.set({ a: 1 }, 3);
  g.set({ a: 2 }, 4);
  g.remove(1);
  g.inc({ a: 1 });
  g.remove({ a: 2 });
});

agrees('a reset gauge without labels is at zero, one with labels has no series', (gauge) => {
  const g = gauge();
  g.set(3);
  g.reset();
  const h = gauge({ name: 'h', labelNames: ['x'] });
  h.set({ x: 1 }, 3);
  h.reset();
});

agrees('a gauge is set to the current time of whatever clock there is', (gauge) => {
  replaced(
    Date,
    'now',
    () => 1.7e12 + 1,
    () => {
      gauge().setToCurrentTime();
      const g = gauge({ name: 'labelled', labelNames: ['x'] });
      g.setToCurrentTime({ x: 1 });
      g.labels(2).setToCurrentTime();
    },
  );
});

agrees('a timer sets the gauge to the seconds of whatever clock there is', (gauge) => {
  let reading = [7, 999_999_999];
  const hrtime = (begin) => (begin ? [reading[0] - begin[0], reading[1] - begin[1]] : [...reading]);
  return replaced(process, 'hrtime', hrtime, () => {
    const g = gauge({ labelNames: ['x', 'y'] });
    const ends = [g.labels('a', 'b').startTimer(), g.startTimer(), g.startTimer({ x: 1 })];
    reading = [9, 249_999_999];
    return [ends[0](), ends[1](), ends[2]({ y: 2 }), ends[2]({ x: 5 }), ends[0]({ y: 'c' })];
  });
});

agrees('what is collected at scrape is shown by the same scrape', (gauge) => {
  let calls = 0;
  gauge({
    collect() {
      calls += 1;
      this.set(Math.min(calls, 1));
    },
  });
  gauge({
    name: 'later',
    async collect() {
      await null;
      this.set(9);
    },
  });
});

agrees('the value of a series can be looked at', (gauge) => {
  const g = gauge({ labelNames: ['a'] });
  g.set({ a: 1 }, 4);
  return [g._getValue({ a: 1 }), g._getValue({ a: '1' }), g._getValue({ a: 2 }), g._getValue({})];
});

refuses('a text is not a value', /^Value is not a valid number: 1$/, (gauge) => gauge().set('1'));
refuses('nothing is not a value', /^Value is not a valid number: undefined$/, (gauge) => gauge().set());
refuses('null is not a value', /number: null$/, (gauge) => gauge().set(null));
refuses('nothing is not a value of a series', /number: undefined/, (gauge) =>
  gauge({ labelNames: ['x'] }).set({ x: 1 }),
);
refuses('a text is not a value, whatever the label', /number: 1/, (gauge) =>
  gauge({ labelNames: ['x'] }).set({ z: 1 }, '1'),
);
refuses('an unknown label is named', /label "z"/, (gauge) => gauge({ labelNames: ['x'] }).set({ z: 1 }, 1));
refuses('an unknown label is named by inc', /label "z"/, (gauge) =>
  gauge({ labelNames: ['x'] }).inc({ z: 1 }),
);
refuses('an unknown label is named by dec', /label "z"/, (gauge) =>
  gauge({ labelNames: ['x'] }).dec({ z: 1 }),
);
refuses('an unknown label is named by labels', /label "z"/, (gauge) =>
  gauge({ labelNames: ['x'] }).labels({ z: 1 }),
);
refuses('null is not a delta', /^Delta is not a valid number: null$/, (gauge) => gauge().inc(null));
refuses('a text is not a delta', /^Delta is not a valid number: 5$/, (gauge) => gauge().inc('5'));
refuses('a text is not a delta of a series', /number: 5$/, (gauge) =>
  gauge({ labelNames: ['x'] }).inc({ x: 1 }, '5'),
);
refuses('a number that is too large for a double is not a delta', /number: 5n$/, (gauge) => gauge().inc(5n));
refuses('too few values are counted', /arguments \(1\): "1"/, (gauge) =>
  gauge({ labelNames: ['x', 'y'] }).labels(1),
);

test('a gauge is not moved by a call that throws', async () => {
  const g = new Gauge({ name: 'g', help: 'h', labelNames: ['x'], registers: [new Registry()] });
  const known = g.labels('known');
  known.set(5);
  for (const wrong of ['1', null, {}, [], 1n, Symbol('q')]) {
    for (const method of ['set', 'inc', 'dec']) {
      assert.throws(() => known[method](wrong), { name: 'TypeError' });
      assert.throws(() => g[method]({ x: 'known' }, wrong), { name: 'TypeError' });
      assert.throws(() => g[method]({ x: 'unknown' }, wrong), { name: 'TypeError' });
    }
  }
  assert.deepEqual((await g.get()).values, [{ value: 5, labels: { x: 'known' } }]);
});

test('a child that was kept finds its series again, whatever it does first', async () => {
  const g = new Gauge({ name: 'g', help: 'h', labelNames: ['x'], registers: [new Registry()] });
  const kept = g.labels('kept');
  const first = { set: 7, inc: 7, dec: -7 };
  for (const [method, amount] of Object.entries(first)) {
    kept.set(100);
    g.remove('kept');
    g.labels('another').set(1);
    kept[method](amount);
    assert.equal(g._getValue({ x: 'kept' }), 7, method);
    assert.equal(g._getValue({ x: 'another' }), 1, method);
    g.reset();
  }
});

/** Runs last: from here on this process has had another isolate. */
test('gauges do all that once there was another isolate', async (t) => {
  const worker = new Worker(`require(${JSON.stringify(require.resolve('../lib/gauge'))})`, { eval: true });
  await once(worker, 'exit');
  const program = (library) =>
    told(library, (gauge) => {
      const g = gauge({ labelNames: ['x'] });
      const child = g.labels('a');
      for (const value of [5, -0.1, NaN, 3, Infinity, 4, -Infinity, 1e300, 0.3]) {
        child.set(value);
        child.inc(0.5);
        g.set({ x: 'b' }, value);
        g.dec({ x: 'b' });
        g.remove('b');
        g.set({ x: 'b' }, value);
        g.set({ x: 'c' }, value);
        g.set(value);
      }
      g.remove('c');
      g.labels('c').set(9);
      const bare = gauge({ name: 'bare' });
      bare.set(3);
      bare.dec();
    });
  assert.deepEqual(await program(dropIn), await program(promClient));
  await t.test('and refuse what they refused', () => {
    assert.throws(
      () => new Gauge({ name: 'g', help: 'h', registers: [] }).set('x'),
      /Value is not a valid number: x/,
    );
  });
});
