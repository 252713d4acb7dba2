'use strict';

/**
 * Labels: whatever is a label value, however a series is asked for, and whatever was removed before, a record goes to the series
 * that was meant. A plain map of texts is what says which that is.
 */

const { test } = require('node:test');
const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const promClient = require('prom-client');

const { Counter, Gauge, Histogram, Registry } = require('..');
const { cut, extended, loops, walk, walkersOf } = require('../lib/paths');

const make = (labelNames, Kind = Counter, config = {}) =>
  new Kind({ name: 'm', help: 'h', labelNames, registers: [new Registry()], ...config });

async function told(metric) {
  return structuredClone((await metric.get()).values);
}

/** What prom-client holds after the same. */
async function bothTold(labelNames, run) {
  const all = [Counter, promClient.Counter].map((Kind) => {
    const metric = new Kind({ name: 'm', help: 'h', labelNames, registers: [] });
    run(metric);
    return told(metric);
  });
  return Promise.all(all);
}

test('values that look alike when they are joined are different series', async () => {
  const pairs = [
    'a\0b|c',
    'a|b\0c',
    'a,b|c',
    'a|b,c',
    '|',
    '\0|',
    '|\0',
    'a"|b',
    'a|"b',
    '\\n|',
    '\n|',
    'é|',
    'e\u0301|',
  ];
  const c = make(['x', 'y']);
  for (const pair of pairs) {
    const [x, y] = pair.split('|');
    c.inc({ x, y });
    c.labels(x, y).inc();
  }
  const values = await told(c);
  assert.equal(values.length, pairs.length);
  for (const { value } of values) assert.equal(value, 2);
});

test('a number, a boolean or an object is the series of its text', async () => {
  const c = make(['x']);
  const alike = [
    [200, '200'],
    [-1.5, '-1.5'],
    [true, 'true'],
    [null, 'null'],
    [1e21, '1e+21'],
    [-0, '0'],
    [NaN, 'NaN'],
    [10n, '10'],
    [{ toString: () => 'said' }, 'said'],
    [['a', 'b'], 'a,b'],
  ];
  for (const [value, text] of alike) {
    c.inc({ x: value });
    c.labels(text).inc();
    c.inc({ x: text });
    assert.equal((await c.get()).values.length, 1);
    c.remove({ x: value });
    c.inc({ x: text });
    assert.equal((await c.get()).values[0].value, 1);
    c.remove(text);
    assert.deepEqual((await c.get()).values, []);
  }
});

test('values are told as they were given, numbers as numbers', async () => {
  const [ours, theirs] = await bothTold(['x', 'y'], (c) => {
    c.inc({ x: 200, y: 'a' });
    c.inc({ x: true, y: 'b' }, 2);
    c.labels('s', 1.5).inc();
    c.inc({ x: null });
  });
  assert.deepEqual(ours, theirs);
});

test('a label that is missing, undefined or empty is the same series', async () => {
  const c = make(['x', 'y']);
  for (const labels of [{ y: 1 }, { x: undefined, y: 1 }, { x: '', y: 1 }]) c.inc(labels);
  c.labels(undefined, 1).inc();
  c.labels('', '1').inc();
  c.labels({ y: 1 }).inc();
  assert.equal((await c.get()).values[0].value, 6);
  c.remove({ y: '1' });
  assert.deepEqual((await c.get()).values, []);
});

test('a label that is not known is refused even in the place of one that is missing', async () => {
  for (const Kind of [Counter, Gauge]) {
    const metric = make(['x'], Kind);
    metric.inc({});
    for (const labels of [{ z: 1 }, { constructor: 1 }, { X: 1 }]) {
      assert.throws(
        () => metric.inc(labels),
        /^Error: Added label "\w+" is not included in initial labelset: \[ 'x' \]$/,
      );
    }
    assert.deepEqual(await told(metric), [{ value: 1, labels: {} }]);
  }
  const h = make(['x'], Histogram);
  h.observe({}, 1);
  assert.throws(() => h.observe({ z: 1 }, 1), /Added label "z"/);
});

test('names that every object has are names as others are', async () => {
  const names = ['constructor', 'toString', 'valueOf', 'hasOwnProperty', 'length', 'name'];
  const [ours, theirs] = await bothTold(names, (c) => {
    c.inc({ constructor: 'a' });
    c.inc({});
    c.labels('a', 'b', 'c', 'd', 'e', 'f').inc(3);
    c.inc({ name: 'n', length: 5 });
    c.inc({ constructor: 'a', toString: 'b', valueOf: 'c', hasOwnProperty: 'd', length: 'e', name: 'f' });
  });
  assert.deepEqual(ours, theirs);
});

test('names that are reserved words of JavaScript are names as others are', async () => {
  const names = [
    'class',
    'if',
    'await',
    'node',
    'root',
    'labels',
    'label',
    'count',
    'arguments',
    'eval',
    'let',
    '_',
    'undefined',
  ];
  const [ours, theirs] = await bothTold(names, (c) => {
    for (let i = 0; i < 3; i += 1) c.inc(Object.fromEntries(names.map((name) => [name, `${name} ${i % 2}`])));
    c.inc({ undefined: 1 });
  });
  assert.deepEqual(ours, theirs);
});

test('labels may come in any order, without a prototype, frozen, or as an object of a class', async () => {
  class Labels {
    x = 'a';
    y = 'b';
    get z() {
      return 'never a label';
    }
  }
  const c = make(['x', 'y']);
  const ways = [
    { x: 'a', y: 'b' },
    { y: 'b', x: 'a' },
    Object.assign(Object.create(null), { y: 'b', x: 'a' }),
  ];
  ways.push(Object.freeze({ x: 'a', y: 'b' }), new Labels(), JSON.parse('{"y":"b","x":"a"}'));
  for (const labels of ways) {
    c.inc(labels);
    c.labels(labels).inc();
  }
  assert.deepEqual(await told(c), [{ value: 2 * ways.length, labels: { x: 'a', y: 'b' } }]);
});

test('a __proto__ that JSON brought is refused and changes nothing', () => {
  const c = make(['x']);
  assert.throws(() => c.inc(JSON.parse('{"__proto__":{"x":1}}')), /Added label "__proto__"/);
  assert.throws(() => make(['__proto__']), Error);
  assert.equal({}.x, undefined);
});

test('an object that is changed afterwards does not change a series', async () => {
  const labels = { x: 1 };
  const c = make(['x']);
  const child = c.labels(labels);
  labels.x = 2;
  child.inc();
  c.inc(labels);
  c.labelNames.push('y');
  c.inc({ x: 2 });
  assert.deepEqual(await told(c), [
    { value: 1, labels: { x: 1 } },
    { value: 2, labels: { x: 2 } },
  ]);
});

test('there may be many labels, and long ones', async () => {
  const names = Array.from({ length: 60 }, (_, i) => `label_${i}`);
  const c = make(names);
  const labels = Object.fromEntries(names.map((name) => [name, name.repeat(500)]));
  c.inc(labels);
  c.labels(...Object.values(labels)).inc();
  assert.deepEqual(await told(c), [{ value: 2, labels }]);
});

test('values are any texts, also those that objects or arrays have a meaning for', async () => {
  const texts = [
    '__proto__',
    'constructor',
    'toString',
    'length',
    '0',
    '7',
    '4294967295',
    '99999999999',
    '007',
    '-1',
    '1e3',
  ];
  const c = make(['a', 'b']);
  for (let round = 0; round < 2; round += 1) {
    for (const a of texts) for (const b of texts) c.inc({ a: `${a}`, b: [...b].join('') });
  }
  const { values } = await c.get();
  assert.equal(values.length, texts.length ** 2);
  assert.deepEqual(new Set(values.map(({ labels }) => labels.a)), new Set(texts));
  assert.deepEqual(new Set(values.map(({ labels }) => labels.b)), new Set(texts));
  assert.ok(values.every(({ value }) => value === 2));
});

test('halves of surrogate pairs are not told apart, and hurt nobody', async () => {
  const c = make(['x']);
  c.inc({ x: '\ud800' });
  c.inc({ x: '\udfff' });
  c.inc({ x: '😀' });
  assert.deepEqual(await told(c), [
    { value: 2, labels: { x: '\ufffd' } },
    { value: 1, labels: { x: '😀' } },
  ]);
});

test('names that are taken by the formats are refused', () => {
  for (const labelNames of [['a', 'a'], ['__x'], ['a-b'], [''], ['é'], ['a\n'], [5]]) {
    assert.throws(() => make(labelNames), Error, `${labelNames}`);
  }
});

test('a value that cannot be a text is refused and counts nothing', async () => {
  const c = make(['x']);
  const hostile = [
    Symbol('x'),
    Object.create(null),
    {
      toString: () => {
        throw new RangeError('no');
      },
    },
  ];
  for (const x of hostile) {
    assert.throws(() => c.inc({ x }));
    assert.throws(() => c.labels({ x }));
  }
  c.inc({ x: 'fine' });
  assert.deepEqual(await told(c), [{ value: 1, labels: { x: 'fine' } }]);
});

/** Numbers from a seed (Park and Miller's). */
function seeded(seed) {
  let state = seed;
  return (below) => {
    state = (state * 48271) % 0x7fffffff;
    return state % below;
  };
}

test('random records, removals and resets leave what a plain map says', async () => {
  const VALUES = ['a', 'b', 1, '1', 2.5, true, 'true', null, 'null', undefined, '', '\0', 'é', 0, '0'];
  const text = (value) => (value === undefined ? '' : `${value}`);
  for (let seed = 1; seed <= 25; seed += 1) {
    const random = seeded(seed);
    const names = ['p', 'q', 'r'].slice(0, 1 + (seed % 3));
    const c = make(names);
    const [model, kept] = [new Map(), []];
    for (let step = 0; step < 1500; step += 1) {
      const values = names.map(() => VALUES[random(VALUES.length)]);
      const pairs = names
        .map((name, i) => [name, values[i]])
        .filter(([, value]) => value !== undefined || random(2));
      const labels = Object.fromEntries(random(2) ? pairs : pairs.reverse());
      const key = JSON.stringify(values.map(text));
      const [how, amount] = [random(20), random(9)];
      const record = (at, by) => model.set(at, (model.get(at) ?? 0) + by);
      // `labels(null)` and `remove(null)` are given an object that is none.
      const isObject = typeof values[0] === 'object';
      if (how < 8) {
        c.inc(labels, amount);
        record(key, amount);
      } else if (how < 12) {
        const child = isObject || random(2) ? c.labels(labels) : c.labels(...values);
        child.inc(amount);
        record(key, amount);
        kept.push([key, child]);
      } else if (how < 17 && kept.length > 0) {
        const [at, child] = kept[random(kept.length)];
        child.inc(amount);
        record(at, amount);
      } else if (how < 19) {
        if (isObject || random(2)) c.remove(labels);
        else c.remove(...values);
        model.delete(key);
      } else if (random(10) === 0) {
        c.reset();
        model.clear();
      }
      if (random(60) === 0) await c.registers[0].metrics();
      if (random(40) !== 0 && step < 1499) continue;
      const found = (await c.get()).values.map(({ labels: of, value }) => [
        JSON.stringify(names.map((name) => text(of[name]))),
        value,
      ]);
      assert.deepEqual(found.sort(), [...model].sort(), `seed ${seed}, step ${step}`);
    }
  }
});

test('what walks through the maps without code from text finds the same', () => {
  const names = ['x', 'y'];
  const [found, walked] = [walkersOf(names), loops(names)];
  let root;
  for (const [values, end] of [
    [['a', 'b'], 7],
    [[undefined, 'b'], 8],
    [['a2', undefined], 9],
  ]) {
    root = extended(root, values, end);
  }
  const asked = [
    { x: 'a', y: 'b' },
    { y: 'b', x: 'a' },
    { x: 'a' },
    { y: 'b' },
    { z: 1, y: 'b' },
    { x: 'a2', z: 1 },
    {},
  ];
  asked.push({ x: 'a', y: 'b', z: 'c' }, { x: 'b', y: 'a' }, Object.create({ x: 'a', y: 'b' }), []);
  for (const labels of asked) {
    const values = Object.values(labels);
    assert.equal(walked.ofLabels(root, labels), found.ofLabels(root, labels), JSON.stringify(labels));
    assert.equal(
      walked.ofPlaces(root, values.length, ...values),
      found.ofPlaces(root, values.length, ...values),
    );
  }
  assert.equal(found.ofLabels(root, asked[0]), 7);
  assert.equal(found.ofPlaces(root, 2, 'a', 'b'), 7);
  assert.equal(found.ofPlaces(root, 3, 'a', 'b', undefined), undefined);
});

test('the paths lead where a Map of all of them does, whatever comes and goes', () => {
  let state = 5;
  const random = (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const names = ['x', 'y', 'z'];
  const { ofPlaces } = walkersOf(names);
  for (const kinds of [1, 3, 6, 7, 12]) {
    const pick = () => [undefined, NaN, 0, '0', ...'abcdefgh'][random(kinds)];
    const model = new Map();
    let root;
    for (let at = 0; at < 4000; at += 1) {
      const values = [pick(), pick(), pick()];
      const key = values.map((value) => typeof value + value).join();
      if (random(3) === 0) {
        if (root !== undefined) root = cut(root, values);
        model.delete(key);
      } else {
        root = extended(root, values, at);
        model.set(key, [values, at]);
      }
      if (at % 100 !== 0) continue;
      for (const [of, end] of model.values()) {
        const isNothing = of.some((value) => value === undefined);
        const isFindable = !of.some(Number.isNaN);
        if (isFindable) assert.equal(walk(root, of), end);
        if (isFindable && !isNothing) assert.equal(ofPlaces(root, 3, ...of), end);
      }
      if (model.size === 0) assert.equal(root, undefined);
    }
  }
});

test('a runtime that makes no code from text records all the same', () => {
  const script = `
    const { Counter, register } = require(${JSON.stringify(require.resolve('..'))});
    const c = new Counter({ name: 'c', help: 'h', labelNames: ['x', 'y'] });
    for (let i = 0; i < 5; i += 1) c.inc({ x: 1, y: i % 2 });
    try { c.inc({ z: 1 }); } catch (error) { console.log(error.message); }
    register.metrics().then((text) => console.log(text));`;
  const child = spawnSync(process.execPath, ['--disallow-code-generation-from-strings', '-e', script], {
    encoding: 'utf8',
  });
  assert.equal(child.stderr, '');
  assert.match(
    child.stdout,
    /^Added label "z".*\n# HELP c h\n# TYPE c counter\nc\{x="1",y="0"\} 3\nc\{x="1",y="1"\} 2\n/,
  );
});

test('a child makes its series at zero when it is bound, which prom-client does when it is first used', async () => {
  const [ours, theirs] = await bothTold(['x'], (c) => c.labels('a'));
  assert.deepEqual([ours, theirs], [[{ value: 0, labels: { x: 'a' } }], []]);
});
