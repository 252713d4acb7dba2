'use strict';

/**
 * Summaries. The package's are within 1.6 % of the truth, which is the sorted values; the drop-in's are prom-client's to the
 * last digit. Everything else is prom-client's in both.
 */

const { test } = require('node:test');
const assert = require('node:assert/strict');
const { setTimeout: later } = require('node:timers/promises');
const promClient = require('prom-client');

const dropIn = require('../prom-client');
const { Registry, Summary } = require('..');

/** What `ARCHITECTURE.md` promises of quantiles. */
const ERROR = 0.016;

async function told(library, run, isExact = true) {
  const register = new library.Registry();
  const summary = (config) => new library.Summary({ name: 's', help: 'h', registers: [register], ...config });
  let answer;
  let thrown;
  try {
    answer = await run(summary, register);
  } catch (error) {
    thrown = [error.name, error.message];
  }
  const json = structuredClone(await register.getMetricsAsJSON());
  let text = await register.metrics();
  if (!isExact) {
    for (const { values } of json)
      values.filter(({ labels }) => labels.quantile).forEach((sample) => (sample.value = 0));
    text = text.replace(/(quantile="[^"]*".*\}) .*/g, '$1 0');
  }
  return { answer, thrown, text, json };
}

/** That both are prom-client's, but for the quantiles of the package's, and those too if they are `isExact`. */
function agrees(sentence, run, isExact = false) {
  test(sentence, async () => {
    assert.deepEqual(await told(dropIn, run), await told(promClient, run));
    assert.deepEqual(await told({ Registry, Summary }, run, isExact), await told(promClient, run, isExact));
  });
}

function refuses(sentence, message, run) {
  agrees(sentence, run);
  test(`${sentence}, in so many words`, async () => {
    const { thrown } = await told({ Registry, Summary }, run);
    assert.match(thrown?.[1] ?? 'nothing was thrown', message);
  });
}

agrees('a summary that observed nothing has quantiles of 0', (summary) => {
  summary();
  summary({ name: 'labelled', labelNames: ['x'] });
});

agrees(
  'a summary of nothing but 0 has quantiles of 0',
  (summary) => {
    const s = summary();
    s.observe(0);
    s.observe(0);
  },
  true,
);

agrees('sums and counts are exact', (summary) => {
  const s = summary({ labelNames: ['x', 'y'], percentiles: [0.5, 0.9] });
  for (let i = 0; i < 500; i += 1) s.observe({ x: i % 3, y: 'b' }, i / 8);
  s.observe({ y: 'c' }, 4);
  s.labels(0, 'b').observe(2);
  s.labels({ x: 9 }).observe(-2);
  s.observe(7);
});

agrees('a removed series begins anew, after the others', (summary) => {
  const s = summary({ labelNames: ['x'] });
  s.observe({ x: 1 }, 1);
  s.observe({ x: 2 }, 2);
  s.remove(1);
  s.remove({ x: 9 });
  s.observe({ x: 1 }, 5);
});

agrees('a reset summary keeps its series, with nothing observed', (summary) => {
  const s = summary({ labelNames: ['x'] });
  s.observe({ x: 1 }, 1);
  s.observe({ x: 'b' }, 1);
  s.reset();
  const bare = summary({ name: 'bare' });
  bare.observe(3);
  bare.reset();
});

agrees('a timer observes the seconds of whatever clock there is', (summary) => {
  const own = process.hrtime;
  let reading = [7, 999_999_999];
  process.hrtime = (begin) => (begin ? [reading[0] - begin[0], reading[1] - begin[1]] : [...reading]);
  try {
    const s = summary({ labelNames: ['x'] });
    const ends = [s.labels('a').startTimer(), s.startTimer({ x: 1 })];
    reading = [9, 249_999_999];
    return [ends[0](), ends[1](), ends[1]({ x: 2 }), ends[0]()];
  } finally {
    process.hrtime = own;
  }
});

agrees('what is collected at scrape is shown by the same scrape', (summary) => {
  summary({
    async collect() {
      await null;
      this.reset();
      this.observe(2);
    },
  });
});

refuses('quantile is reserved', /^quantile is a reserved label keyword$/, async (summary, register) => {
  try {
    summary({ labelNames: ['quantile'] });
  } finally {
    // prom-client has registered it all the same by then.
    register.clear();
  }
});
for (const wrong of [null, Infinity, -Infinity, NaN, '1', true, 1n]) {
  refuses(
    `${String(wrong)} (${typeof wrong}) is not observed in a series`,
    /^Value is not a valid number: /,
    (summary) => {
      const s = summary({ labelNames: ['x'] });
      s.observe({ x: 1 }, 1);
      s.observe({ x: 1 }, wrong);
    },
  );
}
test('nothing is not observed in a series', () => {
  for (const library of [dropIn, { Summary }]) {
    const s = new library.Summary({ name: 's', help: 'h', labelNames: ['x'], registers: [] });
    // prom-client counts the labels as the value here, and then refuses those.
    assert.throws(() => s.labels(1).observe(), {
      name: 'TypeError',
      message: 'Value is not a valid number: undefined',
    });
  }
});
refuses('an unknown label is named', /label "z"/, (summary) =>
  summary({ labelNames: ['x'] }).observe({ z: 1 }, 1),
);
refuses('too few values are counted', /arguments \(0\)/, (summary) =>
  summary({ labelNames: ['x'] }).labels(),
);

test('text and objects say the same of the quantiles of nothing', async () => {
  const register = new Registry();
  const s = new Summary({ name: 's', help: 'h', percentiles: [0.5], registers: [register] });
  assert.equal((await s.get()).values[0].value, 0);
  assert.match(await register.metrics(), /^s\{quantile="0.5"\} 0$/m);
});

/** The value that at least a share of `sorted` is not above. */
const trueQuantile = (sorted, share) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];

const SHAPES = {
  'that are spread evenly': (i, n) => (i + 1) / n,
  'over twelve orders of magnitude': (i, n) => 10 ** ((12 * i) / n - 6),
  'most of which are alike': (i, n) => (i < n * 0.93 ? 0.25 : i),
  'on both sides of zero': (i, n) => i - n / 2 + 0.5,
};
for (const [shape, valueOf] of Object.entries(SHAPES)) {
  test(`quantiles of values ${shape} are within what is promised`, async () => {
    const shares = [0.01, 0.05, 0.25, 0.5, 0.75, 0.9, 0.99, 1];
    for (const n of [1, 2, 10, 5000]) {
      const values = Array.from({ length: n }, (_, i) => valueOf(i, n));
      const s = new Summary({ name: 's', help: 'h', percentiles: shares, registers: [] });
      // In an order that is not theirs.
      for (let i = 0; i < n; i += 1) s.observe(values[(i * 7919) % n]);
      const sorted = values.sort((a, b) => a - b);
      const found = (await s.get()).values;
      shares.forEach((share, i) => {
        assert.equal(found[i].labels.quantile, share);
        const truth = trueQuantile(sorted, share);
        const off = Math.abs(found[i].value - truth);
        if (truth >= 0)
          assert.ok(off <= Math.abs(truth) * ERROR, `${n} values, ${share}: ${found[i].value}, not ${truth}`);
      });
    }
  });
}

test('quantiles are told in order and once, whatever order they are asked for in', async () => {
  const s = new Summary({ name: 's', help: 'h', percentiles: [0.9, 0.5, 0.9], registers: [] });
  s.observe(1);
  const quantiles = (await s.get()).values.slice(0, -2).map(({ labels }) => labels.quantile);
  assert.deepEqual(quantiles, [0.5, 0.9]);
});

test('a summary without percentiles is its sum and its count', async () => {
  const s = new Summary({ name: 's', help: 'h', percentiles: [], registers: [] });
  s.observe(2);
  assert.deepEqual(
    (await s.get()).values.map(({ metricName, value }) => [metricName, value]),
    [
      ['s_sum', 2],
      ['s_count', 1],
    ],
  );
});

test('a share that is none is refused', () => {
  for (const percentiles of [[2], [-0.1], [NaN], ['x']]) {
    assert.throws(() => new Summary({ name: 's', help: 'h', percentiles, registers: [] }), Error);
  }
});

test('what is older than the window leaves the quantiles, and stays in sum and count', async () => {
  const registers = [new Registry()];
  const config = {
    help: 'h',
    labelNames: ['x'],
    percentiles: [0.5],
    maxAgeSeconds: 0.2,
    ageBuckets: 3,
    registers,
  };
  const s = new Summary({ name: 's', ...config });
  const pruned = new Summary({ name: 'pruned', pruneAgedBuckets: true, ...config });
  for (const summary of [s, pruned]) summary.observe({ x: 1 }, 100);
  const read = async () => (await s.get()).values.map(({ value }) => value);
  const before = await read();
  assert.ok(Math.abs(before[0] - 100) <= 100 * ERROR);
  // A window moves when somebody looks; one that never moves is what the bound of the loop is there for.
  for (let looks = 0; looks < 200 && (await read())[0] !== 0; looks += 1) {
    await registers[0].metrics();
    await later(20);
  }
  assert.deepEqual(await read(), [0, 100, 1]);
  s.observe({ x: 1 }, 8);
  const [median, ...others] = await read();
  assert.ok(Math.abs(median - 8) <= 8 * ERROR, `${median}`);
  assert.deepEqual(others, [108, 2]);
  assert.deepEqual((await pruned.get()).values, []);
  pruned.observe({ x: 1 }, 5);
  assert.equal((await pruned.get()).values.at(-1).value, 1);
});

test('a child that was kept observes in its series again after it was removed', async () => {
  const s = new Summary({
    name: 's',
    help: 'h',
    labelNames: ['x'],
    percentiles: [],
    registers: [new Registry()],
  });
  const kept = s.labels('kept');
  for (const forget of [() => s.remove('kept'), () => s.reset()]) {
    kept.observe(9);
    forget();
    s.labels('another').observe(5);
    kept.observe(0.5);
    const values = (await s.get()).values
      .filter(({ labels }) => labels.x === 'kept')
      .map(({ value }) => value);
    assert.deepEqual(values, [0.5, 1]);
    s.remove('kept');
  }
});
