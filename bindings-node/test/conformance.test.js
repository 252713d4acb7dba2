'use strict';

/**
 * The cases that every door shares, in `tests/conformance` of the repository: those whose operations this door can say, in every
 * format that they expect, wherever the cells lie.
 *
 * What cannot be said is passed over, and what was run is counted, so that it does not shrink unseen.
 */

const { test } = require('node:test');
const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { spawnSync } = require('node:child_process');

const { Counter, Gauge, Histogram, Registry, Summary, render, renderSync } = require('..');

const CASES = path.join(__dirname, '..', '..', 'tests', 'conformance');

/** Cases that are run, and formats that they expect. More is better; then these are to be raised. */
const [RUN, RENDERED] = [34, 76];

const KINDS = { counter: Counter, gauge: Gauge, up_down: Gauge, histogram: Histogram, summary: Summary };
const OPTIONS = {
  counter: ['labels', 'limit'],
  gauge: ['labels', 'limit'],
  up_down: ['labels', 'limit'],
  histogram: ['labels', 'limit', 'buckets', 'store'],
  summary: ['labels', 'limit', 'quantiles'],
};
const ALWAYS = ['op', 'id', 'name', 'help'];
const ON_SERIES = {
  touch: (series) => series,
  inc: (series) => series.inc(),
  dec: (series) => series.dec(),
  add: (series, value) => series.inc(value),
  add_f64: (series, value) => series.inc(value),
  sub: (series, value) => series.dec(value),
  set: (series, value) => series.set(value),
  observe: (series, value) => series.observe(value),
};

const numberOf = (value) => (typeof value === 'string' ? Number(value.replace('Inf', 'Infinity')) : value);

/** Why an operation cannot be said here, or nothing. */
function unsayable(operation, names) {
  const { op } = operation;
  if (op in KINDS) {
    const options = [...ALWAYS, ...OPTIONS[op], 'error'];
    const other = Object.keys(operation).find((member) => !options.includes(member));
    // What is native is not seen in the formats that are expected of a histogram with bounds.
    if (other !== undefined && !(other === 'native' && operation.native === null))
      return `${op} with ${other}`;
    if (operation.error !== undefined) return undefined;
    if ([operation.name, ...(operation.labels ?? [])].some((name) => !/^[a-z_:][a-z0-9_:]*$/i.test(name)))
      return 'names of any text';
    if (names.has(operation.name)) return 'a name that is registered twice';
    names.add(operation.name);
    return undefined;
  }
  if (op === 'unregister') names.delete(operation.name);
  if (['remove', 'clear', 'unregister', 'render'].includes(op)) return undefined;
  if (!(op in ON_SERIES)) return op;
  const value = numberOf(operation.value ?? 1);
  if (operation.exemplar) return 'exemplars';
  if (operation.op === 'add' && Math.abs(value) >= 2 ** 53) return 'whole numbers of 64 bits';
  return undefined;
}

/** The case as what is to be done, or why it cannot be. */
function planOf(conformance) {
  // Names are those of prom-client, which is the legacy rule.
  if (conformance.registry && conformance.registry.names !== 'legacy')
    return { why: `a registry with ${Object.keys(conformance.registry)}` };
  const options = Object.entries(conformance.exposition ?? {});
  if (options.some(([name]) => name !== 'escaping')) return { why: 'options of an exposition' };
  const names = new Set();
  for (const operation of conformance.operations) {
    const why = unsayable(operation, names);
    if (why !== undefined) return { why };
  }
  const { escaping } = conformance.exposition ?? {};
  return { suffix: escaping ? `; escaping=${escaping}` : '' };
}

/** Bounds that rise once the +Inf is left out that is there anyway; no bounds are allowed, too. */
function isAllowedHere(buckets) {
  const bounds = buckets?.map(numberOf).filter((bound) => bound !== Infinity);
  return bounds?.every((bound, i) => Number.isFinite(bound) && (i === 0 || bound > bounds[i - 1]));
}

/** Does a case's operations in a fresh registry. */
function run({ operations }) {
  const registry = new Registry();
  const metrics = new Map();
  const seriesOf = ({ on, labels = [] }) => metrics.get(on).labels(...labels);
  for (const operation of operations) {
    const {
      op,
      id,
      name,
      help,
      labels: labelNames,
      buckets,
      limit,
      store,
      quantiles,
      value,
      error,
    } = operation;
    if (error !== undefined && isAllowedHere(buckets)) continue;
    const act = () => {
      if (op in KINDS) {
        const config = { name, help: help || ' ', labelNames, limit, store, registers: [registry] };
        if (buckets !== undefined) config.buckets = (buckets ?? []).map(numberOf);
        if (quantiles !== undefined) config.percentiles = quantiles;
        metrics.set(id, new KINDS[op](config));
      } else if (op === 'remove') {
        metrics.get(operation.on).remove(...(operation.labels ?? []));
      } else if (op === 'unregister') {
        assert.equal(registry.getSingleMetric(name) !== undefined, operation.found);
        registry.removeSingleMetric(name);
      } else if (op === 'render') {
        renderSync(operation.format, { registry });
      } else if (op === 'clear') {
        metrics.get(operation.on)._clear();
      } else {
        ON_SERIES[op](seriesOf(operation), value === undefined ? undefined : numberOf(value));
      }
    };
    // What other doors leave out in silence is thrown here, as prom-client does.
    const leftOut = { add_f64: (n) => !(n >= 0 && n < Infinity), observe: (n) => !Number.isFinite(n) }[op]?.(
      numberOf(value),
    );
    if (error === undefined && !leftOut) act();
    else assert.throws(act, Error, `${op} is refused${error ? ` with ${error}` : ''}`);
  }
  return registry;
}

/** Help is mandatory here: the cases without one have a blank, of which nothing is to be seen. */
function withoutHelp(format, shown) {
  if (format === 'protobuf-text') return shown.replace(/^help: " "\n/gm, '');
  return shown.replace(/^# HELP \S+ {2}\n/gm, '').replaceAll('"help":" "', '"help":""');
}

function masked(format, shown) {
  if (format === 'json') return shown.replace(/"(created_ms|at_ms)":\d+/g, '"$1":"<time>"');
  return format === 'protobuf-text' ? shown.replace(/(seconds|nanos): \d+/g, '$1: <time>') : shown;
}

function assertShown(format, bytes, expected) {
  const shown = masked(format, withoutHelp(format, bytes.toString()));
  if (format !== 'json') {
    assert.equal(shown, expected.map((line) => `${line}\n`).join(''));
    return;
  }
  const found = JSON.parse(shown);
  // A moment that the cases do not speak of.
  if (!('at_ms' in expected)) delete found.at_ms;
  assert.deepEqual(found, expected);
}

const counts = { run: 0, rendered: 0 };
const passedOver = new Map();
for (const file of fs.readdirSync(CASES)) {
  if (!file.endsWith('.json') || file === 'errors.json') continue;
  for (const conformance of JSON.parse(fs.readFileSync(path.join(CASES, file), 'utf8'))) {
    const { why, suffix } = planOf(conformance);
    if (why !== undefined) {
      passedOver.set(conformance.name, why);
      continue;
    }
    test(conformance.name.replaceAll('_', ' '), async () => {
      const registry = run(conformance);
      for (const [format, expected] of Object.entries(conformance.expect)) {
        assertShown(format, await render(`${format}${suffix}`, { registry }), expected);
        assertShown(format, renderSync(`${format}${suffix}`, { registry }), expected);
        counts.rendered += 1;
      }
      counts.run += 1;
    });
  }
}

test('as many cases are run as there were', () => {
  const others = [...passedOver].map(([name, why]) => `${name}: ${why}`).join('\n');
  assert.ok(counts.run >= RUN, `${counts.run} cases were run; passed over:\n${others}`);
  assert.ok(counts.rendered >= RENDERED, `${counts.rendered} expositions were looked at`);
});

if (process.env.TYKMETRICS_MEMORY !== 'v8') {
  test("all of it holds with cells in the runtime's own memory", () => {
    const env = { ...process.env, TYKMETRICS_MEMORY: 'v8' };
    delete env.NODE_TEST_CONTEXT;
    const child = spawnSync(process.execPath, ['--test', __filename], { encoding: 'utf8', env });
    assert.equal(child.status, 0, child.stdout);
  });
}
