'use strict';

/** Scrapes in every format, packed and not, waited for and at once, and what a client is given by its headers. */

const { test } = require('node:test');
const assert = require('node:assert/strict');
const zlib = require('node:zlib');

const {
  Counter,
  Gauge,
  Histogram,
  Registry,
  Summary,
  negotiate,
  negotiateEncoding,
  register,
  render,
  renderSync,
} = require('..');

const FORMATS = ['text', 'openmetrics', 'protobuf', 'protobuf-text', 'protobuf-compact', 'json'];

function filled() {
  const registry = new Registry();
  const registers = [registry];
  new Counter({ name: 'c_total', help: 'C "q" \\ ☃', labelNames: ['x', 'y'], registers }).inc(
    { x: 'a"\n\\', y: 7 },
    2.5,
  );
  new Gauge({ name: 'g', help: 'G', registers }).set(-Infinity);
  new Histogram({ name: 'h_seconds', help: 'H', labelNames: ['x'], buckets: [0.5, 1], registers }).observe(
    { x: 1 },
    0.75,
  );
  new Summary({ name: 's_seconds', help: 'S', percentiles: [0.5], registers }).observe(1);
  return registry;
}

/** Without the moment of the scrape. */
const timeless = (bytes, format) =>
  format === 'json' ? `${bytes}`.replace(/"at_ms":\d+/, '') : bytes.toString('latin1');

for (const format of FORMATS) {
  test(`${format} at once is what it is when it is waited for`, async () => {
    const registry = filled();
    const bytes = await render(format, { registry });
    assert.ok(bytes instanceof Buffer && bytes.length > 0);
    assert.equal(timeless(renderSync(format, { registry }), format), timeless(bytes, format));
  });

  test(`${format} is the same in gzip`, async () => {
    const registry = filled();
    const plain = timeless(renderSync(format, { registry }), format);
    const packed = [
      await render(format, { registry, encoding: 'gzip' }),
      renderSync(format, { registry, encoding: 'gzip' }),
    ];
    for (const bytes of packed) assert.equal(timeless(zlib.gunzipSync(bytes), format), plain);
  });

  test(`${format} in zstd begins as zstd does`, async () => {
    const bytes = await render(format, { registry: filled(), encoding: 'zstd' });
    // RFC 8878, 3.1.1: the magic number.
    assert.equal(bytes.readUInt32LE(0), 0xfd2fb528);
    if (zlib.zstdDecompressSync === undefined) return;
    assert.ok(zlib.zstdDecompressSync(bytes).length > 0);
  });
}

test('the text is what Prometheus reads', async () => {
  assert.equal(
    (await render('text', { registry: filled() })).toString(),
    `# HELP c_total C "q" \\\\ ☃
# TYPE c_total counter
c_total{x="a\\"\\n\\\\",y="7"} 2.5
# HELP g G
# TYPE g gauge
g -Inf
# HELP h_seconds H
# TYPE h_seconds histogram
h_seconds_bucket{x="1",le="0.5"} 0
h_seconds_bucket{x="1",le="1"} 1
h_seconds_bucket{x="1",le="+Inf"} 1
h_seconds_sum{x="1"} 0.75
h_seconds_count{x="1"} 1
# HELP s_seconds S
# TYPE s_seconds summary
s_seconds{quantile="0.5"} 0.9921875
s_seconds_sum 1
s_seconds_count 1
`,
  );
});

test('OpenMetrics ends in EOF, once', async () => {
  const text = (await render('openmetrics', { registry: filled() })).toString();
  assert.deepEqual(
    [...text.matchAll(/# EOF\n/g)].map(({ index }) => index),
    [text.length - 6],
  );
  assert.match(text, /^# TYPE c counter\nc_total\{/m);
});

test('JSON is JSON, with what was recorded', async () => {
  const { families } = JSON.parse(await render('json', { registry: filled() }));
  assert.deepEqual(
    families.map(({ name, type }) => `${name} ${type}`),
    ['c_total counter', 'g gauge', 'h_seconds histogram', 's_seconds summary'],
  );
  assert.equal(families[0].series[0].value, 2.5);
  assert.deepEqual(families[0].series[0].labels, { x: 'a"\n\\', y: '7' });
});

test('an empty registry is a valid scrape', async () => {
  const registry = new Registry();
  const all = await Promise.all(FORMATS.map((format) => render(format, { registry })));
  assert.equal(`${all[0]}`, '');
  assert.equal(`${all[1]}`, '# EOF\n');
  assert.deepEqual(JSON.parse(all[5]).families, []);
});

test('the default registry in text is what is rendered if nothing is said', async () => {
  const g = new Gauge({ name: 'of_default', help: 'h' });
  g.set(4);
  assert.match(`${await render()}`, /^of_default 4$/m);
  assert.equal(`${renderSync()}`, `${await render('text', { registry: register, encoding: 'identity' })}`);
  register.clear();
});

test('functions that collect are asked by a scrape, and waited for', async () => {
  const registry = new Registry();
  const asked = [];
  new Gauge({
    name: 'later',
    help: 'h',
    registers: [registry],
    async collect() {
      await null;
      asked.push('later');
      this.set(asked.length);
    },
  });
  assert.match(`${await render('text', { registry })}`, /^later 1$/m);
  new Gauge({
    name: 'fails',
    help: 'h',
    registers: [registry],
    collect: () => {
      throw new RangeError('no disk');
    },
  });
  await assert.rejects(render('text', { registry }), { name: 'RangeError', message: 'no disk' });
  assert.throws(() => renderSync('text', { registry }), { name: 'RangeError', message: 'no disk' });
});

test('removed series and metrics are not rendered', async () => {
  const registry = filled();
  registry.getSingleMetric('c_total').remove('a"\n\\', 7);
  registry.removeSingleMetric('g');
  registry.getSingleMetric('h_seconds').reset();
  const text = `${await render('text', { registry })}`;
  assert.deepEqual(
    [...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name),
    ['s_seconds'],
  );
});

for (const [what, options] of [
  ['format', ['nope']],
  ['format of another case', ['TEXT']],
  ['empty format', ['']],
  ['encoding', ['text', { encoding: 'br' }]],
  ['escaping', ['text; escaping=nope']],
]) {
  test(`an ${what} that does not exist is refused, with those that do`, async () => {
    const refused = { name: 'Error', message: /there are|use one of/ };
    await assert.rejects(render(...options), refused);
    assert.throws(() => renderSync(...options), refused);
  });
}

test('what is no format at all is refused', async () => {
  for (const format of [null, 5, {}, Symbol('text')]) {
    await assert.rejects(render(format), Error);
    assert.throws(() => renderSync(format), Error);
  }
});

const OPENMETRICS = 'application/openmetrics-text;version=1.0.0';
const PROTOBUF = 'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited';
for (const [accept, expected] of [
  [undefined, /^text\/plain; version=0\.0\.4/],
  ['', /^text\/plain/],
  ['*/*', /^text\/plain/],
  ['text/html,application/xhtml+xml,*/*;q=0.8', /^text\/plain/],
  [OPENMETRICS, /^application\/openmetrics-text; version=1\.0\.0/],
  [`${OPENMETRICS};q=0.5,text/plain;q=0.9`, /^text\/plain/],
  [
    PROTOBUF,
    /^application\/vnd\.google\.protobuf; proto=io\.prometheus\.client\.MetricFamily; encoding=delimited/,
  ],
  ['image/png', /^text\/plain/],
  [';;;q=,,\0', /^text\/plain/],
  [`${'a/b,'.repeat(10_000)}${OPENMETRICS}`, /^(application\/openmetrics-text|text\/plain)/],
]) {
  test(`a client that accepts ${String(accept).slice(0, 60)} is given what it can read`, async () => {
    const { format, contentType } = negotiate(accept);
    assert.match(contentType, expected);
    const bytes = await render(format, { registry: filled() });
    assert.equal(`${bytes}`.endsWith('# EOF\n'), contentType.startsWith('application/openmetrics'));
  });
}

for (const [accept, encoding] of [
  [undefined, 'identity'],
  ['', 'identity'],
  ['gzip, deflate, br', 'gzip'],
  ['deflate', 'identity'],
  ['gzip;q=0', 'identity'],
  ['identity', 'identity'],
  ['zstd', 'zstd'],
  ['nonsense;;q==', 'identity'],
]) {
  test(`a client that accepts the encodings ${accept} is given ${encoding}`, () => {
    assert.equal(negotiateEncoding(accept), encoding);
  });
}

test('scrapes of all formats at once are each whole', async () => {
  const registry = filled();
  const series = new Counter({ name: 'many_total', help: 'h', labelNames: ['x'], registers: [registry] });
  for (let i = 0; i < 2000; i += 1) series.inc({ x: i }, i);
  const expected = FORMATS.map((format) => timeless(renderSync(format, { registry }), format));
  for (let round = 0; round < 5; round += 1) {
    const all = await Promise.all(FORMATS.map((format) => render(format, { registry })));
    all.forEach((bytes, i) => assert.equal(timeless(bytes, FORMATS[i]), expected[i]));
  }
});

test('bytes that were given stay as they are when more is recorded', async () => {
  const registry = filled();
  const bytes = await render('text', { registry });
  const before = bytes.toString();
  registry.getSingleMetric('g').set(5);
  registry.clear();
  await render('text', { registry });
  bytes.subarray(0, 1);
  assert.equal(bytes.toString(), before);
});
