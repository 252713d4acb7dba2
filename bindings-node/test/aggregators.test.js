'use strict';

/**
 * Aggregation of what registries say, within one process and beside prom-client's.
 */

const { test } = require('node:test');
const assert = require('node:assert/strict');
const promClient = require('prom-client');

const AggregatorRegistry = require('../lib/aggregator-registry');
const Counter = require('../lib/counter');
const Histogram = require('../lib/histogram');
const Registry = require('../lib/registry');
const { aggregators, AggregatorFactory } = require('../lib/aggregators');

const samplesOf = (text) => text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));

const metric = (values, more) => ({
  name: 'm',
  help: 'M',
  type: 'gauge',
  aggregator: 'sum',
  values,
  ...more,
});

for (const [name, of] of Object.entries({ sum: 12, first: 6, average: 4, min: 2, max: 6 })) {
  test(`${name} agrees with prom-client's`, () => {
    const metrics = [6, 2, 4].map((value, index) =>
      metric([
        { value, labels: index ? { a: 'x', b: 1 } : { b: 1, a: 'x' } },
        { value, labels: {}, metricName: 'other', timestamp: 1 },
      ]),
    );
    const given = structuredClone(metrics);
    const made = aggregators[name](metrics);
    assert.equal(made.values[0].value, of);
    assert.deepEqual(made, promClient.aggregators[name](metrics));
    assert.deepEqual(metrics, given);
    assert.equal(aggregators[name]([]), undefined);
  });
}

test('omit leaves a metric out', () => {
  assert.equal(aggregators.omit([metric([])]), undefined);
  const registry = AggregatorRegistry.aggregate([[metric([], { aggregator: 'omit' })]]);
  assert.equal(registry.getSingleMetric('m'), undefined);
});

test('labels whose texts run together are two series', () => {
  const values = [{ a: '1,b:2' }, { a: '1', b: '2' }].map((labels) => ({ value: 1, labels }));
  assert.deepEqual(aggregators.sum([metric(values)]).values, values);
});

test('a number and its text as a label are one series', () => {
  const [one, other] = [200, '200'].map((code) => metric([{ value: 1, labels: { code } }]));
  assert.deepEqual(aggregators.sum([one, other]).values, [{ value: 2, labels: { code: 200 } }]);
});

test("aggregators can be added, a metric without one is summed, and others' names are refused", async (t) => {
  aggregators.product = AggregatorFactory((samples) => samples.reduce((all, { value }) => all * value, 1));
  t.after(() => delete aggregators.product);
  const of = (aggregator) => [3, 5].map((value) => [metric([{ value, labels: {} }], { aggregator })]);
  assert.match(await AggregatorRegistry.aggregate(of('product')).metrics(), /^m 15$/m);
  assert.match(await AggregatorRegistry.aggregate(of(undefined)).metrics(), /^m 8$/m);
  for (const name of ['nothing', 'constructor']) {
    assert.throws(() => AggregatorRegistry.aggregate(of(name)), {
      message: `'${name}' is not a defined aggregator.`,
    });
  }
});

test('an aggregated registry gives what it was made of', async () => {
  const source = new Registry();
  const jobs = new Counter({ name: 'jobs_total', help: 'Jobs', labelNames: ['kind'], registers: [source] });
  jobs.inc({ kind: 'a' }, 2);
  const json = JSON.parse(JSON.stringify(await source.getMetricsAsJSON()));
  const aggregated = AggregatorRegistry.aggregate([json, json], Registry.OPENMETRICS_CONTENT_TYPE);
  assert.equal(aggregated.contentType, Registry.OPENMETRICS_CONTENT_TYPE);
  const [made] = await aggregated.getMetricsAsJSON();
  assert.deepEqual(
    { ...made, values: made.values.map(({ value, labels }) => ({ value, labels })) },
    {
      ...json[0],
      values: [{ value: 4, labels: { kind: 'a' } }],
    },
  );
  assert.deepEqual(samplesOf(await aggregated.metrics()), ['jobs_total{kind="a"} 4']);
  const again = AggregatorRegistry.aggregate([await aggregated.getMetricsAsJSON()]);
  assert.equal((await again.getMetricsAsJSON())[0].values[0].value, 4);
});

/** A registry's answer with one histogram of these bounds, in which these were observed. */
async function observed(buckets, sizes) {
  const register = new Registry();
  const labelNames = ['kind'];
  const histogram = new Histogram({ name: 'h', help: 'H', buckets, labelNames, registers: [register] });
  for (const size of sizes) histogram.observe({ kind: 'a' }, size);
  return register.getMetricsAsJSON();
}

test('histograms of different bounds have the bounds of all, and buckets that do not fall', async () => {
  const answers = [await observed([1, 4], [0.5, 3, 9]), await observed([2, 4, 8], [1, 3, 7, 9])];
  const text = await AggregatorRegistry.aggregate(answers).metrics();
  const buckets = [...text.matchAll(/^h_bucket\{(.*)\} (\d+)$/gm)].map(([, labels, count]) => [
    /le="([^"]*)"/.exec(labels)[1],
    Number(count),
  ]);
  // At 2 the first has counted at least what it has at 1; at 8 what it has at 4.
  assert.deepEqual(buckets, [
    ['1', 1],
    ['2', 2],
    ['4', 4],
    ['8', 5],
    ['+Inf', 7],
  ]);
  assert.match(text, /^h_count\{kind="a"\} 7$/m);
  assert.match(text, /^h_sum\{kind="a"\} 32.5$/m);
});

test("histograms of the same bounds are summed as prom-client's", async () => {
  const answers = [await observed([1, 4], [0.5, 3]), await observed([1, 4], [9])];
  const json = JSON.parse(JSON.stringify(answers.flat()));
  const plain = ({ values, ...rest }) => ({ ...rest, values: JSON.parse(JSON.stringify(values)) });
  assert.deepEqual(plain(aggregators.sum(json)), plain(promClient.aggregators.sum(json)));
});

test("a summary's quantiles are weighed by counts, and processes without observations have no say", () => {
  const waits = (count, median, kind = 'a') =>
    metric(
      [
        { value: median, labels: { quantile: 0.5, kind } },
        { value: median * count, labels: { kind }, metricName: 'm_sum' },
        { value: count, labels: { kind }, metricName: 'm_count' },
      ],
      { type: 'summary' },
    );
  const [quantile, sum, count, other] = aggregators
    .sum([
      waits(1, 10),
      waits(3, 2),
      waits(0, 0),
      // It observed once, and nothing within the time that quantiles are of.
      waits(50, 0),
      waits(2, 7, 'b'),
    ])
    .values.map(({ value }) => value);
  assert.deepEqual([quantile, sum, count, other], [4, 16, 54, 7]);
  for (const median of [0, 3]) assert.equal(aggregators.sum([waits(0, median)]).values[0].value, 0);
});
