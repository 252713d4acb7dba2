'use strict';

/**
 * Counters, against prom-client's wherever it has the behaviour, and what only ours have: children that outlive their series,
 * and a limit.
 */

const { test } = require('node:test');
const assert = require('node:assert/strict');
const promClient = require('prom-client');

const dropIn = require('../prom-client');
const { Counter, Registry } = require('..');

/** What a library says and shows after a few operations. */
async function told(library, run) {
  const register = new library.Registry();
  const counter = (config) => new library.Counter({ name: 'c', help: 'h', registers: [register], ...config });
  let thrown;
  try {
    await run(counter, register, library);
  } catch (error) {
    thrown = [error.name, error.message];
  }
  return { thrown, text: await register.metrics(), json: structuredClone(await register.getMetricsAsJSON()) };
}

function agrees(sentence, run) {
  test(sentence, async () => {
    const theirs = await told(promClient, run);
    assert.deepEqual(await told(dropIn, run), theirs);
    assert.deepEqual(
      await told({ Registry, Counter, openMetricsContentType: dropIn.openMetricsContentType }, run),
      theirs,
    );
  });
}

/** As `agrees`, and prom-client refuses it with this message. */
function refuses(sentence, message, run) {
  agrees(sentence, run);
  test(`${sentence}, in so many words`, async () => {
    const { thrown } = await told(dropIn, run);
    assert.match(thrown?.[1] ?? 'nothing was thrown', message);
  });
}

agrees('a counter without labels is there at zero', (counter) => {
  counter();
});

agrees('a counter counts one, or what it is given, even nothing', (counter) => {
  const c = counter();
  c.inc();
  c.inc(2.5);
  c.inc(0);
  c.inc(undefined);
  c.inc(null);
  c.inc({}, 4);
  c.inc(undefined, 7);
  c.inc(null, 7);
});

agrees('large and small numbers are printed as JavaScript prints them', (counter) => {
  const c = counter({ labelNames: ['of'] });
  const numbers = [
    5e-324,
    1e-7,
    0.1,
    1 / 3,
    2 ** 53,
    2 ** 53 + 2,
    1e21,
    123456789012345680000,
    Number.MAX_VALUE,
  ];
  numbers.forEach((number, i) => c.inc({ of: `${i}` }, number));
  c.inc({ of: 'third' }, 0.1);
  c.inc({ of: 'third' }, 0.2);
});

agrees('a counter that overflows is infinite', (counter) => {
  const c = counter();
  c.inc(Number.MAX_VALUE);
  c.inc(Number.MAX_VALUE);
});

agrees('series are shown in the order in which they were first counted', (counter) => {
  const c = counter({ labelNames: ['method', 'status'] });
  c.inc({ method: 'GET', status: 200 });
  c.labels('PUT', 404).inc(3);
  c.labels({ method: 'GET', status: 500 }).inc(2);
  c.inc({ method: 'GET', status: 200 });
  c.inc({ method: 'GET' });
  c.inc();
  c.inc(5);
  c.labels({}).inc(2);
});

agrees('a removed series begins anew, after the others', (counter) => {
  const c = counter({ labelNames: ['a', 'b'] });
  c.inc({ a: 'x', b: 'y' }, 5);
  c.inc({ a: 'x', b: 'z' }, 6);
  c.remove('x', 'y');
  c.remove('never', 'there');
  c.remove({ a: 'x', b: 'never' });
  c.inc({ a: 'x', b: 'y' });
});

agrees('a counter without labels can be removed and begins anew', (counter) => {
  const c = counter();
  c.inc(5);
  c.remove();
  c.inc(2);
});

agrees('a removed counter without labels is not shown', (counter) => {
  const c = counter();
  c.inc(5);
  c.remove();
});

agrees('a reset counter without labels is at zero, one with labels has no series', (counter) => {
  const c = counter();
  c.inc(3);
  c.reset();
  const d = counter({ name: 'd', labelNames: ['x'] });
  d.inc({ x: 1 }, 3);
  d.reset();
  d.inc({ x: 2 });
});

agrees('what is collected at scrape is shown by the same scrape', (counter) => {
  counter({
    collect() {
      this.inc(2);
    },
  });
  counter({
    name: 'd',
    labelNames: ['when'],
    async collect() {
      await null;
      this.inc({ when: 'later' });
    },
  });
});

agrees('the name, the help and the aggregator of a counter are told', (counter) => {
  counter({ name: 'a:b_c9', help: 'What \\ and "why"\nand é ☃', aggregator: 'first' });
});

agrees('exemplars are kept with the series that they are of', (counter, register, library) => {
  const now = Date.now;
  Date.now = () => 1.7e12;
  try {
    register.setContentType(library.openMetricsContentType);
    const c = counter({ labelNames: ['x'], enableExemplars: true });
    c.inc({ labels: { x: 1 }, value: 2, exemplarLabels: { trace: 'a"b' } });
    c.inc({ labels: { x: 1 }, exemplarLabels: { trace: 'c', span: 'd' } });
    c.inc({ labels: { x: 2 } });
    c.inc({ labels: { x: 3 }, value: 0, exemplarLabels: {} });
    const bare = counter({ name: 'bare_total', enableExemplars: true });
    bare.inc();
    bare.inc({ value: 4, exemplarLabels: { of: 'it' } });
  } finally {
    Date.now = now;
  }
});

refuses('a counter is not decreased', /^It is not possible to decrease a counter$/, (counter) =>
  counter().inc(-1),
);
refuses('a counter is not decreased by next to nothing', /decrease/, (counter) => counter().inc(-5e-324));
refuses('a text is not an amount', /^Value is not a valid number: 4$/, (counter) => counter().inc('4'));
refuses('infinity is not an amount', /valid number: Infinity/, (counter) => counter().inc(Infinity));
refuses('less than infinity is not an amount', /number: -Infinity/, (counter) => counter().inc(-Infinity));
refuses('a symbol is not an amount', /Symbol\(q\)|convert/, (counter) => counter().inc(Symbol('q')));
refuses('an object is not an amount of a series', /valid number: \{\}/, (counter) =>
  counter({ labelNames: ['x'] }).inc({ x: 1 }, {}),
);
refuses('a text is not an amount of a series that is known', /valid number: x/, (counter) => {
  const c = counter({ labelNames: ['x'] });
  c.inc({ x: 1 });
  c.inc({ x: 1 }, 'x');
});
refuses(
  'an unknown label is named',
  /^Added label "z" is not included in initial labelset: \[ 'x' \]$/,
  (counter) => counter({ labelNames: ['x'] }).inc({ z: 1 }),
);
refuses('an unknown label beside a known one is named', /label "z"/, (counter) => {
  const c = counter({ labelNames: ['x'] });
  c.inc({ x: 1 });
  c.inc({ x: 1, z: 1 });
});
refuses(
  'too few values are counted',
  /^Invalid number of arguments \(1\): "1" for label names \(2\): "x, y"\.$/,
  (counter) => counter({ labelNames: ['x', 'y'] }).labels(1),
);
refuses('too many values are counted', /arguments \(2\): "1, 2"/, (counter) =>
  counter({ labelNames: ['x'] }).labels(1, 2),
);
refuses('too few values to remove are counted', /arguments \(0\): ""/, (counter) =>
  counter({ labelNames: ['x'] }).remove(),
);
refuses('an unknown label to remove is named', /label "z"/, (counter) =>
  counter({ labelNames: ['x'] }).remove({ z: 1 }),
);
refuses('a counter needs a name', /^Missing mandatory name parameter$/, (counter) =>
  counter({ name: undefined }),
);
refuses('a counter needs a help', /^Missing mandatory help parameter$/, (counter) => counter({ help: '' }));
refuses('a name has no blanks', /^Invalid metric name$/, (counter) => counter({ name: 'a b' }));
refuses('a name has no line feed at its end', /^Invalid metric name$/, (counter) => counter({ name: 'a\n' }));
refuses('a label name has no dashes', /^Invalid label name$/, (counter) => counter({ labelNames: ['a-b'] }));
refuses('what collects is a function', /^Optional "collect" parameter must be a function$/, (counter) =>
  counter({ collect: 5 }),
);
refuses('a name is taken once', /^A metric with the name c has already been registered\.$/, (counter) => {
  counter();
  counter();
});
refuses('exemplars need OpenMetrics', /^Exemplars are supported only on OpenMetrics registries$/, (counter) =>
  counter({ enableExemplars: true, registers: [new promClient.Registry()] }),
);
for (const nothing of [undefined, null, 'c', 5]) {
  refuses(
    `${nothing} is no config`,
    /^constructor expected a config object$/,
    (_, __, library) => new library.Counter(nothing),
  );
}

test('nothing is counted by a call that throws', async () => {
  const registers = [new Registry()];
  const c = new Counter({ name: 'c', help: 'h', labelNames: ['x'], registers });
  const known = c.labels('known');
  known.inc();
  for (const amount of [-1, Infinity, 'x', {}, 1n, Symbol('s'), () => 1]) {
    assert.throws(() => c.inc({ x: 'known' }, amount));
    assert.throws(() => c.inc({ x: 'unknown' }, amount));
    assert.throws(() => known.inc(amount));
  }
  assert.deepEqual((await c.get()).values, [{ value: 1, labels: { x: 'known' } }]);
});

test('a child that was kept finds its series again after it was removed or reset', async () => {
  const c = new Counter({ name: 'c', help: 'h', labelNames: ['x'], registers: [new Registry()] });
  const [kept, other] = [c.labels('kept'), c.labels('other')];
  const forgetting = [() => c.remove('kept'), () => c.remove({ x: 'kept' }), () => c.reset()];
  for (const forget of forgetting) {
    kept.inc(5);
    other.inc();
    forget();
    kept.inc(2);
    c.inc({ x: 'kept' });
    assert.equal((await c.get()).values.find(({ labels }) => labels.x === 'kept').value, 3);
    c.remove('kept');
  }
  assert.deepEqual((await c.get()).values, []);
  other.inc(4);
  assert.deepEqual((await c.get()).values, [{ value: 4, labels: { x: 'other' } }]);
});

test('children of one series count in it together', async () => {
  const c = new Counter({ name: 'c', help: 'h', labelNames: ['x', 'y'], registers: [new Registry()] });
  for (const child of [c.labels('a', 'b'), c.labels('a', 'b'), c.labels({ y: 'b', x: 'a' })]) child.inc();
  c.inc({ y: 'b', x: 'a' });
  assert.deepEqual((await c.get()).values, [{ value: 4, labels: { x: 'a', y: 'b' } }]);
});

test('label sets beyond the limit are told together, and those within it are not affected', async () => {
  const c = new Counter({ name: 'c', help: 'h', labelNames: ['x'], limit: 2, registers: [new Registry()] });
  for (let i = 0; i < 10; i += 1) c.inc({ x: i }, 2);
  c.inc({ x: 0 });
  const beyond = c.labels('beyond');
  beyond.inc();
  beyond.inc();
  assert.deepEqual((await c.get()).values, [
    { value: 3, labels: { x: 0 } },
    { value: 2, labels: { x: 1 } },
    { value: 18, labels: { otel_metric_overflow: 'true' } },
  ]);
  c.remove('0');
  c.inc({ x: 9 });
  beyond.inc();
  assert.equal((await c.get()).values.find(({ labels }) => labels.x === '9' || labels.x === 9).value, 1);
});

test('a subclass of a counter is a counter', async () => {
  class Twice extends Counter {
    inc(...args) {
      super.inc(...args);
      super.inc(...args);
    }
  }
  const c = new Twice({ name: 'c', help: 'h', labelNames: ['x'], registers: [new Registry()] });
  c.inc({ x: 1 }, 2);
  assert.ok(c instanceof Counter);
  assert.deepEqual((await c.get()).values, [{ value: 4, labels: { x: 1 } }]);
});

test('what a counter holds is told at once where nothing takes time', () => {
  const c = new Counter({ name: 'c', help: 'h', registers: [], collect: () => c.inc() });
  assert.deepEqual(c.getSync().values, [{ value: 1, labels: {} }]);
});
