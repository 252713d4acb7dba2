'use strict';

/** Requests of a gateway: each is counted once, whatever becomes of it, and nothing that counting does changes what it gives. */

const { test } = require('node:test');
const assert = require('node:assert/strict');

const { Registry, recordRequest, register, renderSync, requestMetrics, trackRequest } = require('..');

/** Samples by their line's beginning, but those of buckets. */
async function samplesOf(registry) {
  const lines = (await registry.metrics()).split('\n').filter((line) => line && !line.startsWith('#'));
  return Object.fromEntries(
    lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]),
  );
}

/** What only counts: neither durations nor what is derived from them. */
async function countsOf(registry) {
  const samples = Object.entries(await samplesOf(registry));
  return Object.fromEntries(
    samples.filter(
      ([name, value]) =>
        value !== 0 && /^(http_request\w*_total|http_response|\w+_errors_total|external)/.test(name),
    ),
  );
}

function fresh() {
  const registry = new Registry();
  return [requestMetrics(registry), registry];
}

test('a request is counted by endpoint, method, status, provider and model', async () => {
  const [requests, registry] = fresh();
  const request = {
    endpoint: '/a',
    method: 'GET',
    latencySeconds: 0.25,
    statusCode: 200,
    provider: 'p',
    model: 'm',
  };
  requests.recordRequest(request);
  requests.recordRequest({ ...request, statusCode: 503, latencySeconds: 0.5 });
  requests.recordRequest({ endpoint: '/b', method: 'POST', latencySeconds: 1, statusCode: 404 });
  const samples = await samplesOf(registry);
  const expected = {
    'http_requests_total{endpoint="/a",method="GET"}': 2,
    'http_requests_total{endpoint="/b",method="POST"}': 1,
    'http_request_errors_total{endpoint="/a",method="GET"}': 1,
    'http_request_errors_total{endpoint="/b",method="POST"}': 1,
    'http_response_status_total{endpoint="/a",status="200"}': 1,
    'http_response_status_total{endpoint="/a",status="503"}': 1,
    'http_response_status_total{endpoint="/b",status="404"}': 1,
    'http_request_latency_seconds_count{endpoint="/a"}': 2,
    'http_request_latency_seconds_sum{endpoint="/a"}': 0.75,
    'provider_requests_total{provider="p"}': 2,
    'provider_errors_total{provider="p"}': 1,
    'provider_latency_seconds_count{provider="p"}': 2,
    'model_requests_total{model="m"}': 2,
    'model_errors_total{model="m"}': 1,
    'model_latency_seconds_sum{model="m"}': 0.75,
  };
  for (const [name, value] of Object.entries(expected)) assert.equal(samples[name], value, name);
});

test('a status is an error from 400 on', async () => {
  const [requests, registry] = fresh();
  for (const statusCode of [100, 200, 302, 399, 400, 404, 499, 500, 599]) {
    requests.recordRequest({ endpoint: '/', method: 'GET', latencySeconds: 0, statusCode });
  }
  const samples = await samplesOf(registry);
  assert.equal(samples['http_requests_total{endpoint="/",method="GET"}'], 9);
  assert.equal(samples['http_request_errors_total{endpoint="/",method="GET"}'], 5);
});

test('errors are there at zero from the first request on', async () => {
  const [requests, registry] = fresh();
  requests.recordRequest({ endpoint: '/', method: 'GET', latencySeconds: 0, statusCode: 200, provider: 'p' });
  const samples = await samplesOf(registry);
  assert.equal(samples['http_request_errors_total{endpoint="/",method="GET"}'], 0);
  assert.equal(samples['provider_errors_total{provider="p"}'], 0);
});

test('a duration that is none is left out, and the request is counted', async () => {
  const [requests, registry] = fresh();
  for (const latencySeconds of [-1, NaN, Infinity, undefined, '1s']) {
    requests.recordRequest({ endpoint: '/', method: 'GET', latencySeconds, statusCode: 200 });
  }
  const samples = await samplesOf(registry);
  assert.equal(samples['http_requests_total{endpoint="/",method="GET"}'], 5);
  assert.equal(samples['http_request_latency_seconds_count{endpoint="/"}'], 0);
});

test('a status that is none is told as 0', async () => {
  const [requests, registry] = fresh();
  for (const statusCode of [undefined, 'x', -1, NaN, 2.5, null]) {
    requests.recordRequest({ endpoint: '/', method: 'GET', latencySeconds: 1, statusCode });
    requests.recordRequest({ endpoint: '/', method: 'GET', latencySeconds: 1, statusCode });
  }
  assert.equal((await samplesOf(registry))['http_response_status_total{endpoint="/",status="0"}'], 12);
});

test('an endpoint or a method that is no text is refused by its name', () => {
  const [requests] = fresh();
  assert.throws(() => requests.recordRequest({ method: 'GET', statusCode: 200 }), {
    name: 'TypeError',
    message: /endpoint/,
  });
  assert.throws(
    () => requests.recordRequest({ endpoint: '/', method: 5, statusCode: 200 }),
    /method .* not number/,
  );
});

test('more requests of different kinds than are kept are counted all the same', async () => {
  const [requests, registry] = fresh();
  for (let round = 0; round < 2; round += 1) {
    for (let i = 0; i < 5000; i += 1) {
      requests.recordRequest({
        endpoint: `/${i % 50}`,
        method: `M${Math.floor(i / 50)}`,
        latencySeconds: 0.5,
        statusCode: 200,
      });
    }
  }
  const counts = Object.entries(await samplesOf(registry)).filter(([name]) =>
    name.startsWith('http_requests_total{'),
  );
  assert.equal(counts.length, 5000);
  for (const [name, count] of counts) assert.equal(count, 2, name);
});

/** What calls give and what they are counted as. */
const OUTCOMES = [
  ['a value', () => 7, 200],
  ['nothing', () => undefined, 200],
  ['null', () => null, 200],
  ["a response of Node's", () => ({ statusCode: 302 }), 302],
  ['a response of fetch', () => ({ status: 404 }), 404],
  ['a status that is none', () => ({ status: 'open', statusCode: 1e9 }), 200],
  [
    'an object that throws when it is looked at',
    () => ({
      get statusCode() {
        throw new Error('no');
      },
    }),
    200,
  ],
];
const FAILURES = [
  ['an error', () => new Error('x'), 500],
  ['an error with a status', () => Object.assign(new Error('x'), { statusCode: 429 }), 429],
  ['an abort', () => new DOMException('x', 'AbortError'), 499],
  ['a text', () => 'x', 500],
  ['nothing', () => undefined, 500],
  [
    'an error that throws when it is looked at',
    () =>
      new Proxy(
        {},
        {
          get() {
            throw new Error('no');
          },
        },
      ),
    500,
  ],
];
const once = (status) => ({
  'http_requests_total{endpoint="/",method="CALL"}': 1,
  [`http_response_status_total{endpoint="/",status="${status}"}`]: 1,
  ...(status >= 400 && { 'http_request_errors_total{endpoint="/",method="CALL"}': 1 }),
});

for (const [what, make, status] of OUTCOMES) {
  test(`a call that gives ${what} is counted once as ${status}, and gives it`, async () => {
    const value = make();
    const [requests, registry] = fresh();
    assert.equal(
      requests.trackRequest({ endpoint: '/' }, () => value),
      value,
    );
    assert.deepEqual(await countsOf(registry), once(status));
    const [later, other] = fresh();
    assert.equal(await later.trackRequest({ endpoint: '/' }, async () => value), value);
    assert.deepEqual(await countsOf(other), once(status));
  });
}

for (const [what, make, status] of FAILURES) {
  test(`a call that throws ${what} is counted once as ${status}, and throws it`, async () => {
    const error = make();
    const fail = () => {
      throw error;
    };
    const caught = (run) => {
      try {
        run();
      } catch (thrown) {
        return [thrown];
      }
      return [];
    };
    const [requests, registry] = fresh();
    const [thrown, ...others] = caught(() => requests.trackRequest({ endpoint: '/' }, fail));
    assert.ok(thrown === error && others.length === 0);
    assert.deepEqual(await countsOf(registry), once(status));
    const [later, other] = fresh();
    const rejected = await later
      .trackRequest({ endpoint: '/' }, async () => fail())
      .then(
        () => assert.fail('it was kept'),
        (reason) => [reason],
      );
    assert.ok(rejected[0] === error);
    assert.deepEqual(await countsOf(other), once(status));
  });
}

test('a call with a callback is counted when it is called back, and once', async () => {
  const [requests, registry] = fresh();
  let done;
  assert.equal(
    requests.trackRequest({ endpoint: '/' }, (callback) => ((done = callback), 'at once')),
    'at once',
  );
  assert.deepEqual(await countsOf(registry), {});
  done(null, { statusCode: 201 });
  done(new Error('again'));
  assert.deepEqual(await countsOf(registry), once(201));
});

test('a call that calls back and then throws is counted once', async () => {
  const [requests, registry] = fresh();
  const run = (done) => {
    done(Object.assign(new Error('x'), { statusCode: 400 }));
    throw new Error('too late');
  };
  assert.throws(() => requests.trackRequest({ endpoint: '/' }, run), /too late/);
  assert.deepEqual(await countsOf(registry), once(400));
});

test('what is not a function is refused, and nothing is counted', async () => {
  const [requests, registry] = fresh();
  assert.throws(() => requests.trackRequest({ endpoint: '/' }), { name: 'TypeError' });
  assert.throws(() => requests.trackRequest(undefined, 5), { name: 'TypeError' });
  assert.deepEqual(await countsOf(registry), {});
});

test('the cache, the database and other services are counted', async () => {
  const [requests, registry] = fresh();
  requests.recordCacheHit();
  requests.recordCacheHit();
  requests.recordCacheMiss();
  requests.recordDbQuery(0.5);
  requests.recordDbQuery(NaN);
  requests.recordExternalApiCall('billing');
  requests.recordExternalApiCall('billing', { error: true });
  const samples = await samplesOf(registry);
  assert.equal(samples.cache_hits_total, 2);
  assert.equal(samples.cache_misses_total, 1);
  assert.equal(samples.db_queries_total, 2);
  assert.equal(samples.db_query_latency_seconds_count, 1);
  assert.equal(samples.db_query_latency_seconds_sum, 0.5);
  assert.equal(samples['external_api_calls_total{service="billing"}'], 2);
  assert.equal(samples['external_api_errors_total{service="billing"}'], 1);
});

test('a registry has its request metrics once, and others have their own', async () => {
  const [requests, registry] = fresh();
  assert.equal(requestMetrics(registry), requests);
  requests.recordCacheHit();
  assert.equal((await samplesOf(new Registry())).cache_hits_total, undefined);
  registry.clear();
  const anew = requestMetrics(registry);
  assert.notEqual(anew, requests);
  anew.recordCacheHit();
  requests.recordCacheHit();
  assert.equal((await samplesOf(registry)).cache_hits_total, 1);
});

test('the default registry counts what is recorded without one, also after it was cleared', async () => {
  recordRequest({ endpoint: '/d', method: 'GET', latencySeconds: 0.1, statusCode: 200 });
  trackRequest({ endpoint: '/d', method: 'GET' }, () => 1);
  const name = 'http_requests_total{endpoint="/d",method="GET"}';
  assert.equal((await samplesOf(register))[name], 2);
  assert.match(renderSync('text').toString(), /http_requests_total\{endpoint="\/d",method="GET"\} 2/);
  register.clear();
  recordRequest({ endpoint: '/d', method: 'GET', latencySeconds: 0.1, statusCode: 200 });
  assert.equal((await samplesOf(register))[name], 1);
});

test('what is derived from the requests is in every scrape', async () => {
  const [requests, registry] = fresh();
  requests.recordRequest({ endpoint: '/', method: 'GET', latencySeconds: 0.5, statusCode: 500 });
  const derived = 'http_request_latency_avg_seconds{endpoint="/"} 0.5';
  assert.ok((await registry.metrics()).split('\n').includes(derived));
  assert.ok(registry.metricsSync().split('\n').includes(derived));
  assert.ok(renderSync('text', { registry }).toString().split('\n').includes(derived));
});

test('a registry that was cleared derives nothing, and then from its new requests', async () => {
  const [requests, registry] = fresh();
  requests.recordRequest({ endpoint: '/old', method: 'GET', latencySeconds: 0.5, statusCode: 500 });
  registry.clear();
  assert.equal(await registry.metrics(), '\n');
  requestMetrics(registry).recordRequest({
    endpoint: '/new',
    method: 'GET',
    latencySeconds: 2,
    statusCode: 200,
  });
  const text = await registry.metrics();
  assert.match(text, /^http_request_latency_avg_seconds\{endpoint="\/new"\} 2$/m);
  assert.doesNotMatch(text, /\/old/);
});
