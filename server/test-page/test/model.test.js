// What the page works out from two overviews, without a browser.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { runInNewContext } from 'node:vm';

const read = (name) => readFileSync(new URL(`../../src/page/web/${name}`, import.meta.url), 'utf8');
const names = '{ History, combine, coarser, edge, quantile, since, summary, duration, short, percent, bytes, long }';
const page = runInNewContext(`${read('format.js')}\n${read('model.js')}\n(${names})`, { Intl });

/** From the other realm to this one, whose arrays are of another class. */
const plain = (value) => JSON.parse(JSON.stringify(value));

/** The cell that a latency is in, worked out by search. */
function cellOf(value, per) {
  let cell = -40 * per;
  while (page.edge(cell, per) < value) cell += 1;
  return cell;
}

function cellsOf(values, per = 16) {
  const at = values.map((value) => cellOf(value, per));
  const first = Math.min(...at);
  const counts = new Array(Math.max(...at) - first + 1).fill(0);
  at.forEach((cell) => (counts[cell - first] += 1));
  return { per, first, counts };
}

const latency = ({ per, first, counts }) => ({ count: 0, sum: 0, per_octave: per, first, counts });

function overview(at_ms, requests, { errors = 0, values = null, name = '/a', left = 0 } = {}) {
  const row = { requests, errors, latency: values ? latency(cellsOf(values)) : null };
  const group = { name: 'http_requests', label: 'route', families: [], total: row, endpoints: [{ name, ...row }], endpoints_left_out: left };
  return { version: 1, at_ms, requests: [group], numbers: [{ name: 'n_total', kind: 'counter', value: requests }], families: [] };
}

test('a quantile is within a cell of the one that sorting gives', () => {
  const values = Array.from({ length: 2000 }, (_, i) => 0.001 * 1.004 ** ((i * 7919) % 2000));
  const sorted = [...values].sort((a, b) => a - b);
  for (const per of [16, 4]) {
    for (const q of [0, 0.5, 0.9, 0.99, 0.999, 1]) {
      const exact = sorted[Math.max(0, Math.ceil(q * values.length) - 1)];
      const found = page.quantile(cellsOf(values, per), q);
      assert.ok(Math.abs(found / exact - 1) <= 1 / per, `${q}: ${found} for ${exact}`);
    }
  }
  assert.equal(page.quantile(null, 0.5), null);
  assert.equal(page.quantile({ per: 16, first: 0, counts: [0, 0] }, 0.5), null);
});

test('coarser cells hold the counts of whole finer ones, below zero too', () => {
  const fine = { per: 16, first: -35, counts: [1, 2, 3, 4, 5] };
  assert.deepEqual(plain(page.coarser(fine, 8)), { per: 8, first: -18, counts: [1, 5, 9] });
  assert.equal(page.edge(-18, 8), page.edge(-35, 16));
});

test('what came in between is the difference, of rows of different fineness too', () => {
  const before = cellsOf([0.1, 0.2]);
  const now = page.coarser(cellsOf([0.1, 0.2, 0.2, 0.3]), 4);
  const came = plain(page.combine(now, before, -1));
  assert.equal(came.per, 4);
  assert.equal(came.counts.reduce((a, b) => a + b), 2);
  assert.ok(came.counts.every((count) => count >= 0));
});

test('a rate is requests by the time between the two moments', () => {
  const history = new page.History();
  history.add(overview(1000, 100));
  history.add(overview(3000, 150, { errors: 5 }));
  const now = page.summary(history.intervals('http_requests', null), 30);
  assert.equal(now.rate, 25);
  assert.equal(now.errors, 0.1);
  assert.equal(history.frames[0].numbers.get('n_total'), 50);
});

test('a server that began again is counted from zero, and no rate is negative', () => {
  const history = new page.History();
  history.add(overview(1000, 1000, { values: Array(50).fill(0.1) }));
  history.add(overview(3000, 10, { values: [0.2, 0.2] }));
  const [interval] = history.intervals('http_requests', '/a');
  assert.equal(interval.requests, 10);
  assert.equal(interval.cells.counts.reduce((a, b) => a + b), 2);
});

test('an endpoint that was not listed before is new only if all were listed', () => {
  for (const [left, wanted] of [
    [0, 70],
    [3, undefined],
  ]) {
    const history = new page.History();
    history.add(overview(1000, 50, { left }));
    history.add(overview(3000, 70, { left, name: '/b' }));
    assert.equal(history.intervals('http_requests', '/b')[0]?.requests, wanted);
  }
});

test('only five minutes are kept, and a window is as long as it says', () => {
  const history = new page.History();
  for (let i = 0; i < 1000; i += 1) history.add(overview(1000 + 2000 * i, i < 990 ? 0 : (i - 989) * 20));
  assert.ok(history.frames.length <= 151, `${history.frames.length}`);
  assert.equal(history.span(), 300_000);
  const rates = [10, 20, 300].map((seconds) => page.summary(history.intervals('http_requests', null), seconds).rate);
  assert.equal(rates[0], 10);
  assert.equal(rates[1], 10);
  assert.ok(rates[2] < 1);
});

test('the same answer twice is no interval', () => {
  const history = new page.History();
  history.add(overview(1000, 1));
  history.add(overview(1000, 1));
  assert.equal(history.frames.length, 0);
});

test('numbers are written as people read them', () => {
  const written = [
    page.short(0), page.short(999.6), page.short(1234567), page.short(0.00002), page.short(NaN),
    page.duration(0.0000123), page.duration(0.25), page.duration(1.5), page.duration(200), page.duration(null),
    page.long(90061), page.percent(0.00001), page.percent(0.0123), page.percent(1), page.bytes(1536), page.bytes(-5),
  ].map((text) => text.replaceAll('\u202f', ' '));
  assert.deepEqual(written, [
    '0', '1 k', '1.23 M', '2.0e-5', '–',
    '12.3 µs', '250 ms', '1.5 s', '3 min 20 s', '–',
    '1 d 1 h', '<0.01%', '1.23%', '100%', '1.5 KiB', '-5 B',
  ]);
});
