'use strict';

/**
 * Histograms, against prom-client's. Random bounds and values are what finds a value in the wrong bucket: they lie on bounds,
 * beside them by the last bit, on powers of two, and at the ends of what a double can be.
 */

const { test } = require('node:test');
const assert = require('node:assert/strict');
const promClient = require('prom-client');

const dropIn = require('../prom-client');
const { Histogram, Registry } = require('..');

async function told(library, run) {
  const register = new library.Registry();
  const histogram = (config) =>
    new library.Histogram({ name: 'h', help: 'h', buckets: [0.5, 1, 2.5], registers: [register], ...config });
  let answer;
  let thrown;
  try {
    answer = await run(histogram, register, library);
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
    assert.deepEqual(await told({ ...dropIn, Histogram }, run), theirs);
  });
}

function refuses(sentence, message, run) {
  agrees(sentence, run);
  test(`${sentence}, in so many words`, async () => {
    const { thrown } = await told(dropIn, run);
    assert.match(thrown?.[1] ?? 'nothing was thrown', message);
  });
}

/** Numbers from a seed (Steele and Vigna's mix of a counter), below `below`. */
function seeded(seed) {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    return (((mixed ^ (mixed >>> 16)) >>> 0) / 2 ** 32) * below;
  };
}

/** The doubles next to a number, and itself. */
function beside(number) {
  const [double, bits] = [new Float64Array([number]), []];
  const whole = new BigInt64Array(double.buffer);
  const middle = whole[0];
  for (const step of [-1n, 0n, 1n]) {
    whole[0] = middle + step;
    if (Number.isFinite(double[0])) bits.push(double[0]);
  }
  return bits;
}

agrees('a histogram without labels is there with nothing observed', (histogram) => {
  histogram();
});

agrees('a histogram has the default bounds', (histogram, register, library) => {
  const h = new library.Histogram({ name: 'd', help: 'h', registers: [register] });
  h.observe(0.25);
  return [h.buckets, h.upperBounds];
});

agrees('a value on a bound is in its bucket, and buckets are cumulative', (histogram) => {
  const h = histogram();
  for (const value of [0.5, 0.25, 1, 1.5, 2.5, 3, 0, -0, -1, 5e-324, 2 ** 40]) h.observe(value);
});

agrees('a histogram may have no bounds', (histogram) => {
  const h = histogram({ buckets: [] });
  h.observe(3);
  h.observe(-3.5);
});

agrees('bounds are printed as JavaScript prints them', (histogram) => {
  const h = histogram({
    buckets: [-1e21, -2.5, 0, 1e-7, 0.1, 100, 123456789012345680000, 1e21, Number.MAX_VALUE],
  });
  for (const value of [1e20, 0.05, -3, -1e22, 1e300]) h.observe(value);
});

agrees('series are shown in the order of their making, with the labels behind le', (histogram) => {
  const h = histogram({ labelNames: ['method', 'code'] });
  h.observe({ method: 'GET', code: 200 }, 1);
  h.labels('PUT', 404).observe(0.5);
  h.observe({ code: 5 }, 9);
  h.observe(0.25);
  h.observe({ method: 'GET', code: 200 }, 4);
  h.labels({ method: 'GET', code: 200 }).observe(0);
});

agrees('a histogram is made at zero', (histogram) => {
  const h = histogram({ labelNames: ['x'] });
  h.zero({ x: 1 });
  h.zero({});
  h.observe({ x: 1 }, 1);
  h.observe({ x: 2 }, 1);
  h.zero({ x: 2 });
  h.observe({ x: 2 }, 2);
});

agrees('a removed series begins anew, after the others', (histogram) => {
  const h = histogram({ labelNames: ['x'] });
  h.observe({ x: 1 }, 1);
  h.observe({ x: 2 }, 2);
  h.remove(1);
  h.remove({ x: 'never' });
  h.observe({ x: 1 }, 0.25);
});

agrees('a reset histogram has no series, labels or not, until something is observed', (histogram) => {
  const h = histogram();
  h.observe(3);
  h.reset();
  const again = histogram({ name: 'again' });
  again.observe(3);
  again.reset();
  again.observe(0.5);
});

agrees('a timer observes the seconds of whatever clock there is', (histogram) => {
  const own = process.hrtime;
  let reading = [7, 999_999_999];
  process.hrtime = (begin) => (begin ? [reading[0] - begin[0], reading[1] - begin[1]] : [...reading]);
  try {
    const h = histogram({ labelNames: ['x', 'y'] });
    const ends = [h.labels('a', 'b').startTimer(), h.startTimer(), h.startTimer({ x: 1 })];
    reading = [9, 249_999_999];
    return [ends[0](), ends[1](), ends[2]({ y: 2 }), ends[2]({ x: 3, y: 4 }), ends[0]()];
  } finally {
    process.hrtime = own;
  }
});

agrees('exemplars are kept with the bucket that they are of', (histogram, register, library) => {
  const now = Date.now;
  Date.now = () => 1.7e12 + 500;
  try {
    register.setContentType(library.openMetricsContentType);
    const h = histogram({ labelNames: ['x'], enableExemplars: true });
    const trace = (id) => ({ trace: id });
    h.observe({ labels: { x: 1 }, value: 0.5, exemplarLabels: trace('on a bound') });
    h.observe({ labels: { x: 1 }, value: 0.25, exemplarLabels: trace('later, "same" bucket') });
    h.observe({ labels: { x: 1 }, value: 2, exemplarLabels: trace('above') });
    h.observe({ labels: { x: 1 }, value: 9, exemplarLabels: trace('beyond') });
    h.observe({ labels: { x: 1 }, value: 9 });
    h.observe({ labels: { x: 2 }, value: 9 });
    histogram({ name: 'bare', enableExemplars: true }).observe({ value: 1, exemplarLabels: trace('bare') });
  } finally {
    Date.now = now;
  }
});

refuses('le is reserved', /^le is a reserved label keyword$/, async (histogram, register) => {
  try {
    histogram({ labelNames: ['a', 'le'] });
  } finally {
    // prom-client has registered it all the same by then.
    register.clear();
  }
});
for (const wrong of ['1', null, Infinity, -Infinity, true, undefined, 1n]) {
  refuses(
    `${String(wrong)} (${typeof wrong}) is not observed`,
    /^Value is not a valid number: /,
    (histogram) => histogram().observe(wrong),
  );
  refuses(
    `${String(wrong)} (${typeof wrong}) is not observed in a series`,
    /^Value is not a valid number: /,
    (histogram) => {
      const h = histogram({ labelNames: ['x'] });
      h.observe({ x: 1 }, 2);
      h.observe({ x: 1 }, wrong);
    },
  );
}
refuses('an unknown label is named', /^Added label "z" is not included/, (histogram) =>
  histogram({ labelNames: ['x'] }).observe({ z: 1 }, 1),
);
refuses('an unknown label is named before a wrong value', /^Added label "z"/, (histogram) =>
  histogram({ labelNames: ['x'] }).observe({ z: 1 }, 'x'),
);
refuses('an unknown label that a timer ends with is named', /label "z"/, (histogram) =>
  histogram({ labelNames: ['x'] }).startTimer({ x: 1 })({ z: 1 }),
);
refuses('too few values are counted', /arguments \(0\)/, (histogram) =>
  histogram({ labelNames: ['x'] }).labels(),
);
refuses('exemplar labels are at most 128 characters', /128/, (histogram, register, library) => {
  const of = [
    new library.Registry(library.openMetricsContentType ?? library.Registry.OPENMETRICS_CONTENT_TYPE),
  ];
  histogram({ enableExemplars: true, registers: of }).observe({
    value: 1,
    exemplarLabels: { a: 'x'.repeat(128) },
  });
});

test('bounds that do not rise are refused, and the histogram is not registered', async () => {
  for (const buckets of [[2, 1], [1, 1], [NaN], [-Infinity], [1, NaN], ['a']]) {
    const register = new Registry();
    assert.throws(() => new Histogram({ name: 'h', help: 'h', buckets, registers: [register] }), Error);
    assert.deepEqual(register.getMetricsAsArray(), []);
    assert.equal(await register.metrics(), '\n');
  }
});

test('a +Inf at the end of the bounds is the one that is there anyway', async () => {
  const register = new Registry();
  new Histogram({ name: 'h', help: 'h', buckets: [1, Infinity], registers: [register] }).observe(2);
  assert.equal((await register.metrics()).match(/le="\+Inf"/g).length, 1);
});

for (const store of ['hdr', 'compact']) {
  test(`random values are in prom-client's buckets in the ${store} store`, async () => {
    for (let seed = 1; seed <= 60; seed += 1) {
      const random = seeded(seed);
      const span = [2, 20, 300, 2000][seed % 4];
      const any = () => 2 ** (random(span) - span / 2) * (seed % 3 === 0 && random(1) < 0.4 ? -1 : 1);
      const round = () => (random(1) < 0.3 ? 2 ** Math.floor(random(40) - 20) : any());
      const drawn = Array.from({ length: 1 + random(40) }, round).filter(Number.isFinite);
      // prom-client takes a bound of -1 for what is above all bounds.
      const buckets = [...new Set(drawn)].filter((bound) => bound !== -1).sort((a, b) => a - b);
      const values = [
        ...buckets.flatMap(beside),
        ...Array.from({ length: 200 }, any),
        0,
        -0,
        5e-324,
        Number.MAX_VALUE,
      ];
      const counts = [promClient, { Histogram }].map(async (library) => {
        const h = new library.Histogram({
          name: 'h',
          help: 'h',
          buckets,
          store,
          registers: [],
          labelNames: ['x'],
        });
        const child = h.labels('b');
        for (const value of values) {
          h.observe({ x: 'a' }, value);
          child.observe(value);
        }
        return (await h.get()).values.filter(({ metricName }) => metricName !== 'h_sum');
      });
      const [theirs, ours] = await Promise.all(counts);
      const inOrder = (all) => ['a', 'b'].flatMap((x) => all.filter(({ labels }) => labels.x === x));
      assert.deepEqual(inOrder(ours), inOrder(theirs), `seed ${seed}`);
    }
  });
}

test('sums of values that doubles add without rounding are exact, in whatever order', async () => {
  const h = new Histogram({ name: 'h', help: 'h', registers: [] });
  let sum = 0;
  const random = seeded(5);
  for (let i = 0; i < 10_000; i += 1) {
    const value = Math.floor(random(2 ** 20) - 2 ** 19) / 1024;
    h.observe(value);
    sum += value;
  }
  assert.equal((await h.get()).values.find(({ metricName }) => metricName === 'h_sum').value, sum);
});

test('other sums are right to the last few bits', async () => {
  const h = new Histogram({ name: 'h', help: 'h', registers: [] });
  for (let i = 0; i < 100_000; i += 1) h.observe(0.1);
  const { value } = (await h.get()).values.find(({ metricName }) => metricName === 'h_sum');
  assert.ok(Math.abs(value - 10_000) < 1e-6, `${value}`);
});

test('a child that was kept observes in its series again after it was removed, reset or made zero', async () => {
  const h = new Histogram({
    name: 'h',
    help: 'h',
    labelNames: ['x'],
    buckets: [1],
    registers: [new Registry()],
  });
  const kept = h.labels('kept');
  for (const forget of [() => h.remove('kept'), () => h.reset(), () => h.zero({ x: 'kept' })]) {
    kept.observe(9);
    forget();
    h.labels('another').observe(5);
    kept.observe(0.5);
    const values = (await h.get()).values
      .filter(({ labels }) => labels.x === 'kept')
      .map(({ value }) => value);
    assert.deepEqual(values, [1, 1, 0.5, 1]);
    h.reset();
  }
});

test('the bounds of a histogram cannot be changed', () => {
  const h = new Histogram({ name: 'h', help: 'h', buckets: [1, 2], registers: [] });
  assert.throws(() => h.buckets.push(3), TypeError);
});
