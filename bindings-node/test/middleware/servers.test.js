'use strict';

/** `instrumentHttp` around servers: `node:http`, `node:https`, `node:http2`, and the options of every middleware. */

const assert = require('node:assert/strict');
const http = require('node:http');
const http2 = require('node:http2');
const https = require('node:https');
const { once } = require('node:events');
const test = require('node:test');

const { instrumentHttp } = require('../../lib/middleware');
const { CERTIFICATE, KEY } = require('./certificate');
const { Reading, ask, exchanged, listening } = require('./serving');

const named = (reading, more) => ({ registry: reading.registry, endpoint: () => '/it', ...more });

test('a server is instrumented with the listeners that it has and those that it gets', async (t) => {
  const reading = new Reading();
  const seen = [];
  const server = http.createServer(() => seen.push('before'));
  assert.equal(instrumentHttp(server, named(reading)), server);
  server.on('request', (req, res) => {
    seen.push('after');
    res.end('hello');
  });
  await ask(await listening(t, server));
  await reading.over(1);
  assert.deepEqual(seen, ['before', 'after']);
  assert.deepEqual(await reading.statuses(), { '200 /it': 1 });
});

test('a server that is instrumented twice, and its listener once more, counts once', async (t) => {
  const reading = new Reading();
  const listener = instrumentHttp((req, res) => res.end('hello'), named(reading));
  const server = instrumentHttp(instrumentHttp(http.createServer(listener), named(reading)), named(reading));
  await ask(await listening(t, server));
  await reading.over(1);
  assert.equal(await reading.value('http_response_size_bytes_sum', { endpoint: '/it' }), 5);
});

test('two registries count the same request each', async (t) => {
  const [one, other] = [new Reading(), new Reading()];
  const inner = instrumentHttp(async (req, res) => {
    for await (const chunk of req) void chunk;
    res.end('hello');
  }, named(other)); // prettier-ignore
  const url = await listening(t, http.createServer(instrumentHttp(inner, named(one))));
  await ask(url, { method: 'POST', body: 'abc' });
  for (const reading of [one, other]) {
    await reading.over(1);
    assert.equal(await reading.value('http_response_size_bytes_sum', { endpoint: '/it' }), 5);
    assert.equal(await reading.value('http_request_size_bytes_sum', { endpoint: '/it' }), 3);
    assert.equal(await reading.inFlight(), 0);
  }
});

test('what is neither a listener nor a server is refused', () => {
  assert.throws(() => instrumentHttp(undefined), TypeError);
  assert.throws(() => instrumentHttp({}), TypeError);
});

test('https is as http', async (t) => {
  const reading = new Reading();
  const server = https.createServer(
    { key: KEY, cert: CERTIFICATE },
    instrumentHttp((req, res) => {
      if (req.url === '/hangs') res.write('a');
      else res.end('hello');
    }, named(reading)),
  );
  const { port } = new URL(await listening(t, server));
  const asked = (path, left) =>
    new Promise((resolve) => {
      const request = https.get({ port, path, rejectUnauthorized: false, agent: false }, (answer) => {
        answer.on('data', () => left && request.destroy());
        answer.on('close', resolve);
        answer.on('error', () => {});
      });
      request.on('error', () => {});
    });
  await asked('/', false);
  await asked('/hangs', true);
  await reading.over(2);
  assert.deepEqual(await reading.statuses(), { '200 /it': 1, '499 /it': 1 });
  assert.equal(await reading.inFlight(), 0);
});

test('streams of HTTP/2 are requests, and those that the client resets are 499', async (t) => {
  const reading = new Reading();
  const listener = instrumentHttp(
    (req, res) => {
      if (req.url === '/hangs') res.write('ab');
      else if (req.url === '/large') res.end(Buffer.alloc(10_000_000));
      else if (req.method === 'POST') req.on('data', () => {}).on('end', () => res.end('hello'));
      else res.writeHead(404).end('none');
    },
    { registry: reading.registry, endpoint: (req) => req.url },
  );
  const server = http2.createServer(listener);
  const client = http2.connect(await listening(t, server));
  t.after(() => client.destroy());
  const asked = async (headers, body, left) => {
    const stream = client.request(headers, { endStream: body === undefined });
    if (body !== undefined) stream.end(body);
    stream.on('error', () => {});
    if (left) stream.on('response', () => stream.close(http2.constants.NGHTTP2_CANCEL));
    else stream.resume();
    await once(stream, 'close');
  };
  await Promise.all([
    asked({ ':path': '/post', ':method': 'POST' }, 'x'.repeat(40)),
    asked({ ':path': '/none' }),
    asked({ ':path': '/hangs' }, undefined, true),
    asked({ ':path': '/large' }, undefined, true),
  ]);
  await reading.over(4);
  assert.deepEqual(await reading.statuses(), {
    '200 /post': 1,
    '404 /none': 1,
    '499 /hangs': 1,
    '499 /large': 1,
  });
  assert.equal(await reading.value('http_request_size_bytes_sum', { endpoint: '/post' }), 40);
  assert.equal(await reading.value('http_response_size_bytes_sum', { endpoint: '/post' }), 5);
  assert.equal(await reading.inFlight(), 0);
});

test('the metrics are served at a path if one is given, and that is not counted', async (t) => {
  const reading = new Reading();
  const listener = instrumentHttp((req, res) => res.end('app'), named(reading, { path: '/of/metrics' }));
  const url = await listening(t, http.createServer(listener));
  const answer = await ask(`${url}/of/metrics?name=x`);
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get('content-type'), reading.registry.contentType);
  assert.match(answer.text, /^# TYPE http_requests_in_flight gauge$/m);
  assert.equal((await ask(`${url}/of/metrics`, { method: 'HEAD' })).text, '');
  assert.equal((await ask(`${url}/of/metrics`, { method: 'POST' })).text, 'app');
  assert.equal((await ask(`${url}/of/metrics2`)).text, 'app');
  assert.equal((await ask(`${url}/of`)).text, 'app');
  await reading.over(3);
});

test('a server serves the metrics before its listeners are asked', async (t) => {
  const reading = new Reading();
  const server = instrumentHttp(
    http.createServer((req, res) => res.end('app')),
    named(reading, { path: '/metrics' }),
  );
  const url = await listening(t, server);
  assert.match((await ask(`${url}/metrics`)).text, /http_requests_in_flight/);
  assert.equal((await ask(url)).text, 'app');
  await reading.over(1);
});

test('no path is served by default, and /metrics is not counted', async (t) => {
  const reading = new Reading();
  const url = await listening(
    t,
    http.createServer(instrumentHttp((req, res) => res.end('app'), named(reading))),
  );
  for (const path of ['/metrics', '/metrics/', '/metrics?a=b'])
    assert.equal((await ask(url + path)).text, 'app');
  await ask(`${url}/metrics/more`);
  await reading.over(1);
});

test('metrics that cannot be had are an error of the one who asks', async (t) => {
  const reading = new Reading();
  const listener = instrumentHttp((req, res) => res.end('app'), named(reading, { path: '/metrics' }));
  reading.registry.metrics = () => Promise.reject(new Error('of a collector'));
  const answer = await ask(`${await listening(t, http.createServer(listener))}/metrics`);
  assert.deepEqual([answer.status, answer.text], [500, 'Error: of a collector']);
});

for (const [name, ignore, paths] of [
  ['a path', '/health', ['/', '/metrics']],
  ['paths', ['/', '/health'], ['/metrics']],
  ['a function', (req) => req.url !== '/', ['/']],
  ['nothing', [], ['/', '/health', '/metrics']],
]) {
  test(`${name} can be ignored`, async (t) => {
    const reading = new Reading();
    const options = { registry: reading.registry, endpoint: (req) => req.url, ignore };
    const url = await listening(t, http.createServer(instrumentHttp((req, res) => res.end(), options)));
    for (const path of ['/', '/health', '/metrics']) await ask(url + path);
    await reading.over(paths.length);
    assert.deepEqual(Object.keys(await reading.requests()), paths.map((path) => `GET ${path}`)); // prettier-ignore
  });
}

test('what has no name can be called something else', async (t) => {
  const reading = new Reading();
  const options = { registry: reading.registry, unmatched: 'other' };
  await ask(await listening(t, http.createServer(instrumentHttp((req, res) => res.end(), options))));
  await reading.over(1);
  assert.deepEqual(await reading.requests(), { 'GET other': 1 });
});

test('options that cannot be are refused when the middleware is made', () => {
  const { registry } = new Reading();
  const listener = () => {};
  assert.throws(() => instrumentHttp(listener, { registry, endpoint: '/it' }), TypeError);
  assert.throws(() => instrumentHttp(listener, { registry, path: 'metrics' }), TypeError);
  assert.throws(() => instrumentHttp(listener, { registry, path: 7 }), TypeError);
});

test('failures of ours are counted, told once, and nothing to the request', async (t) => {
  const reading = new Reading();
  const warnings = [];
  const note = (warning) => warnings.push(warning);
  process.on('warning', note);
  t.after(() => process.off('warning', note));
  const failing = (where) => () => {
    throw new Error(`of ${where}`);
  };
  const url = await listening(
    t,
    http.createServer(
      instrumentHttp((req, res) => res.end('hello'), {
        registry: reading.registry,
        endpoint: failing('endpoint'),
      }),
    ),
  );
  for (let at = 0; at < 3; at++) assert.equal((await ask(url)).text, 'hello');
  await reading.over(3);
  assert.deepEqual(await reading.requests(), { 'GET unmatched': 3 });
  assert.equal(await reading.value('tykmetrics_instrumentation_errors_total', { where: 'http' }), 3);
  assert.deepEqual(warnings.map(({ name }) => name), ['TykmetricsWarning']); // prettier-ignore
  assert.match(warnings[0].message, /^tykmetrics failed inside http, requests go on/);
  assert.match(warnings[0].detail, /of endpoint/);

  const ignoring = instrumentHttp((req, res) => res.end('too'), {
    registry: reading.registry,
    ignore: failing('ignore'),
  });
  assert.equal((await ask(await listening(t, http.createServer(ignoring)))).text, 'too');
});

test('a registry whose metrics fail to record breaks no request', async (t) => {
  const reading = new Reading();
  const listener = instrumentHttp((req, res) => res.end('hello'), named(reading));
  t.mock.method(reading.registry.getSingleMetric('http_request_size_bytes'), 'labels', () => {
    throw new Error('of labels');
  });
  const url = await listening(t, http.createServer(listener));
  assert.equal((await ask(url)).text, 'hello');
  await exchanged(url, 'GET / HTTP/1.1\r\nHost: it\r\nConnection: close\r\n\r\n');
  assert.equal(await reading.inFlight(), 0);
  assert.equal(await reading.value('tykmetrics_instrumentation_errors_total', { where: 'http' }), 2);
});

test('a registry that was cleared gets its families from the next middleware', async (t) => {
  const reading = new Reading();
  instrumentHttp(() => {}, named(reading));
  reading.registry.clear();
  await ask(await listening(t, http.createServer(instrumentHttp((req, res) => res.end(), named(reading)))));
  await reading.over(1);
  assert.equal(await reading.value('http_response_size_bytes_count', { endpoint: '/it' }), 1);
});

test('more endpoints than are remembered are recorded all the same', async (t) => {
  const reading = new Reading();
  const { httpFamilies } = require('../../lib/middleware/families');
  const families = httpFamilies(reading.registry);
  for (let at = 0; at < 10_000; at++) families.endpoint(`/${at}`);
  const url = await listening(t, http.createServer(instrumentHttp((req, res) => res.end(), named(reading))));
  await ask(url);
  await ask(url);
  await reading.over(2);
  assert.equal(families.endpoints.size, 10_000);
});
