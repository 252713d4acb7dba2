'use strict';

/** `instrumentHttp`: what a request is from its beginning to whatever ends it, over real connections. */

const assert = require('node:assert/strict');
const http = require('node:http');
const { once } = require('node:events');
const { PassThrough, pipeline } = require('node:stream');
const test = require('node:test');

const { instrumentHttp } = require('../../lib/middleware');
const { Reading, ask, connected, exchanged, listening, sleep } = require('./serving');

const ENDPOINT = { endpoint: '/it' };
const BOTH = { endpoint: '/it', method: 'GET' };

/** Serve with a handler whose requests are all called `/it`. */
async function served(t, handler, options = {}) {
  const reading = new Reading();
  const { registry } = reading;
  const listener = instrumentHttp(handler, { registry, endpoint: () => '/it', ...options });
  const server = http.createServer(listener);
  return { reading, server, url: await listening(t, server) };
}

const get = (path, more = '') => `GET ${path} HTTP/1.1\r\nHost: it\r\n${more}\r\n`;
const CLOSE = 'Connection: close\r\n';

test('a request is in every family', async (t) => {
  const { reading, url } = await served(t, async (req, res) => {
    for await (const chunk of req) void chunk;
    res.end('hello');
  });
  await ask(url, { method: 'POST', body: 'x'.repeat(150) });
  await reading.over(1);
  const labels = { endpoint: '/it', method: 'POST' };
  assert.equal(await reading.value('http_requests_total', labels), 1);
  assert.equal((await reading.value('http_request_errors_total', labels)) ?? 0, 0);
  assert.equal(await reading.value('http_response_status_total', { endpoint: '/it', status: 200 }), 1);
  assert.equal(await reading.value('http_request_latency_seconds_count', ENDPOINT), 1);
  assert.equal(await reading.value('http_request_size_bytes_sum', labels), 150);
  assert.equal(await reading.value('http_response_size_bytes_sum', labels), 5);
  assert.equal(await reading.value('http_requests_in_flight', { method: 'POST' }), 0);
});

test('sizes have buckets from a hundred bytes to a hundred megabytes by tens, and bounds are inclusive', async (t) => {
  const { reading, url } = await served(t, (req, res) => res.end(Buffer.alloc(1000)));
  await ask(url);
  await reading.over(1);
  const { values } = await reading.family('http_response_size_bytes');
  const buckets = values.filter((sample) => sample.metricName.endsWith('_bucket'));
  assert.deepEqual(
    buckets.map((sample) => [String(sample.labels.le), sample.value]),
    [
      ['100', 0],
      ['1000', 1],
      ['10000', 1],
      ['100000', 1],
      ['1000000', 1],
      ['10000000', 1],
      ['100000000', 1],
      ['+Inf', 1],
    ],
  );
});

test('families have the help texts of the Python package', async (t) => {
  const { reading } = await served(t, (req, res) => res.end());
  for (const [name, help] of [
    ['http_requests_in_flight', 'Requests being served'],
    ['http_request_size_bytes', 'Size of request bodies'],
    ['http_response_size_bytes', 'Size of response bodies'],
    [
      'tykmetrics_instrumentation_errors_total',
      'Failures inside the instrumentation, which the requests did not notice',
    ],
  ]) {
    assert.equal((await reading.family(name)).help, help);
  }
});

test('the latency is in seconds and ends with the body', async (t) => {
  const { reading, url } = await served(t, (req, res) => {
    res.write('a');
    setTimeout(() => res.end('b'), 100);
  });
  await ask(url);
  await reading.over(1);
  const seconds = await reading.value('http_request_latency_seconds_sum', ENDPOINT);
  assert.ok(seconds >= 0.09 && seconds < 5, `${seconds} s`);
});

test('the clock is asked for when it is needed, so that timers of tests can be its hands', async (t) => {
  const { reading, url } = await served(t, (req, res) => {
    time += 3000;
    res.end();
  });
  let time = 1000;
  t.mock.method(performance, 'now', () => time);
  await exchanged(url, get('/', CLOSE));
  await sleep(20);
  assert.equal(await reading.value('http_request_latency_seconds_sum', ENDPOINT), 3);
});

test('without a function that names requests they are unmatched, whatever their path', async (t) => {
  const { reading, url } = await served(t, (req, res) => res.end(), { endpoint: undefined });
  for (let at = 0; at < 5; at++) await ask(`${url}/users/${at}?at=${at}`);
  await reading.over(5);
  assert.deepEqual(await reading.requests(), { 'GET unmatched': 5 });
});

test('a function that names a request gets it when it is over', async (t) => {
  const { reading, url } = await served(
    t,
    (req, res) => {
      req.template = '/users/:id';
      res.end();
    },
    { endpoint: (req) => req.template },
  );
  await ask(`${url}/users/1`);
  await reading.over(1);
  assert.deepEqual(await reading.requests(), { 'GET /users/:id': 1 });
});

test('a name that is none, or no text, is unmatched', async (t) => {
  const names = [undefined, null, '', 7, {}, Symbol('x'), '/named'];
  const { reading, url } = await served(t, (req, res) => res.end(), { endpoint: () => names.pop() });
  for (let at = names.length; at > 0; at--) await ask(url);
  await reading.over(7);
  assert.deepEqual(await reading.requests(), { 'GET unmatched': 6, 'GET /named': 1 });
});

test('methods beyond the standard are OTHER', async (t) => {
  const { reading, url } = await served(t, (req, res) => res.end());
  for (const method of ['PROPFIND', 'MKCOL', 'PURGE', 'PATCH', 'TRACE']) {
    await exchanged(url, `${method} / HTTP/1.1\r\nHost: it\r\n${CLOSE}\r\n`);
  }
  await reading.over(5);
  assert.deepEqual(await reading.requests(), { 'OTHER /it': 3, 'PATCH /it': 1, 'TRACE /it': 1 });
});

test('what is no request of HTTP makes no label', async (t) => {
  const { reading, url } = await served(t, (req, res) => res.end(), { endpoint: undefined });
  for (const bytes of [
    'EVIL\u00ff / HTTP/1.1\r\n\r\n',
    'GET /%ff%00%zz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
    'GET http://[/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
    'GET //// HTTP/1.1\r\nHost: a"b\r\nConnection: close\r\n\r\n',
    'OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
    'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n',
    'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n',
    'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
    'GET __proto__ HTTP/1.1\r\nHost: x\r\n\r\n',
    'GET /constructor HTTP/1.1\r\nHost: x\r\nConnection: close\r\n__proto__: x\r\n\r\n',
  ]) {
    await exchanged(url, bytes);
  }
  await sleep(50);
  for (const name of Object.keys(await reading.requests()))
    assert.match(name, /^(GET|OPTIONS|POST) unmatched$/);
  assert.equal(await reading.inFlight(), 0);
  assert.equal((await reading.value('tykmetrics_instrumentation_errors_total', { where: 'http' })) ?? 0, 0);
});

test('a length that was declared and not sent is not counted', async (t) => {
  const { reading, url } = await served(t, (req) => req.resume());
  const socket = await connected(
    url,
    'POST / HTTP/1.1\r\nHost: it\r\nContent-Length: 100000000\r\n\r\nonly this',
  );
  await reading.serving(1);
  await sleep(20);
  socket.destroy();
  await reading.over(1);
  assert.equal(await reading.value('http_request_size_bytes_sum', { method: 'POST' }), 9);
  assert.deepEqual(await reading.statuses(), { '499 /it': 1 });
});

test('a chunked request is as large as its chunks, without what frames them', async (t) => {
  const { reading, url } = await served(t, async (req, res) => {
    for await (const chunk of req) void chunk;
    res.end();
  });
  const bytes = `POST / HTTP/1.1\r\nHost: it\r\n${CLOSE}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n`;
  await exchanged(url, bytes);
  await reading.over(1);
  assert.equal(await reading.value('http_request_size_bytes_sum', { method: 'POST' }), 11);
});

test('a body that nobody reads is counted as far as it came', async (t) => {
  const { reading, url } = await served(t, (req, res) => res.end('no'));
  await ask(url, { method: 'POST', body: 'x'.repeat(300) });
  await reading.over(1);
  assert.equal(await reading.value('http_request_size_bytes_sum', { method: 'POST' }), 300);
});

test('a body that was read before the middleware came is counted', async (t) => {
  const reading = new Reading();
  const listener = instrumentHttp((req, res) => res.end(), {
    registry: reading.registry,
    endpoint: () => '/it',
  });
  const server = http.createServer(async (req, res) => {
    for await (const chunk of req) void chunk;
    listener(req, res);
  });
  await ask(await listening(t, server), { method: 'POST', body: 'x'.repeat(70) });
  await reading.over(1);
  assert.equal(await reading.value('http_request_size_bytes_sum', { method: 'POST' }), 70);
});

test('a body that waits in part for the middleware is counted whole', async (t) => {
  const reading = new Reading();
  const listener = instrumentHttp(
    async (req, res) => {
      for await (const chunk of req) void chunk;
      res.end();
    },
    { registry: reading.registry, endpoint: () => '/it' },
  );
  const server = http.createServer(async (req, res) => {
    await sleep(50);
    listener(req, res);
  });
  const url = await listening(t, server);
  const head = `POST / HTTP/1.1\r\nHost: it\r\n${CLOSE}Transfer-Encoding: chunked\r\n\r\n`;
  const socket = await connected(url, `${head}5\r\nhello\r\n`);
  socket.resume();
  await sleep(100);
  socket.write('6\r\n world\r\n0\r\n\r\n');
  await once(socket, 'close');
  await reading.over(1);
  assert.equal(await reading.value('http_request_size_bytes_sum', { method: 'POST' }), 11);
});

for (const [name, size, answer] of [
  ['one buffer', 2000, (res) => res.end(Buffer.alloc(2000))],
  ['a typed array', 8, (res) => res.end(new Uint8Array(8))],
  ['one short text', 6, (res) => res.end(`${'häß€'.slice(0, 3)}!`)],
  ['a text in another encoding', 3, (res) => res.end('abcdef', 'hex')],
  ['a long text', 6000, (res) => res.end('€'.repeat(2000))],
  [
    'a long text of a declared length',
    6000,
    (res) => res.setHeader('Content-Length', 6000).end('€'.repeat(2000)),
  ],
  ['chunks', 15, (res) => (res.write('hello'), res.write(Buffer.from('world')), res.end('again'))],
  [
    'chunks after a declared length',
    10,
    (res) => (res.writeHead(200, { 'Content-Length': '10' }), res.write('hello'), res.end('world')),
  ],
  ['nothing', 0, (res) => res.end()],
  ['a callback instead of a body', 0, (res) => res.end(() => {})],
  ['a body and a callback', 2, (res) => res.end('ab', () => {})],
  ['a stream', 30000, (res) => pipeline(stream(30000), res, () => {})],
]) {
  test(`a response of ${name} is as large as its body`, async (t) => {
    const { reading, url } = await served(t, (req, res) => answer(res));
    const { text } = await exchangedBody(url);
    await reading.over(1);
    assert.equal(text, size);
    assert.equal(await reading.value('http_response_size_bytes_sum', BOTH), size);
    assert.deepEqual(await reading.statuses(), { '200 /it': 1 });
  });
}

function stream(size) {
  const through = new PassThrough();
  through.write(Buffer.alloc(size - 10));
  setImmediate(() => through.end(Buffer.alloc(10)));
  return through;
}

/** Ask by a client of Node's, which undoes chunks, and return the length of the body in bytes. */
function exchangedBody(url, method = 'GET') {
  return new Promise((resolve, reject) => {
    const request = http.request(url, { method, agent: false }, (answer) => {
      let text = 0;
      answer.on('data', (chunk) => (text += chunk.length));
      answer.on('end', () => resolve({ text }));
    });
    request.on('error', reject);
    request.end();
  });
}

for (const [name, method, status] of [
  ['HEAD', 'HEAD', 200],
  ['204', 'GET', 204],
  ['304', 'GET', 304],
]) {
  test(`the body that is written to a response for ${name} is not sent and not counted`, async (t) => {
    const { reading, url } = await served(t, (req, res) => {
      res.statusCode = status;
      if (status === 200) res.setHeader('Content-Length', '5000');
      res.write('some');
      res.end('thing');
    });
    assert.equal((await exchangedBody(url, method)).text, 0);
    await reading.over(1);
    assert.equal(await reading.value('http_response_size_bytes_sum', { endpoint: '/it' }), 0);
    assert.deepEqual(await reading.statuses(), { [`${status} /it`]: 1 });
  });
}

test('statuses from 400 on are errors', async (t) => {
  const statuses = [200, 302, 399, 400, 404, 500, 599];
  const { reading, url } = await served(t, (req, res) => {
    res.statusCode = statuses.shift();
    res.end();
  });
  for (let at = statuses.length; at > 0; at--) await ask(url, { redirect: 'manual' });
  await reading.over(7);
  assert.equal(await reading.value('http_request_errors_total', BOTH), 4);
});

test('the order of a method, an endpoint and a status makes no difference', async (t) => {
  const statuses = [200, 404, 200, 404, 200];
  const { reading, url } = await served(t, (req, res) => {
    res.statusCode = statuses.shift();
    res.end();
  });
  for (const method of ['GET', 'PUT', 'GET', 'GET', 'PUT']) await ask(url, { method });
  await reading.over(5);
  assert.deepEqual(await reading.requests(), { 'GET /it': 3, 'PUT /it': 2 });
  assert.deepEqual(await reading.statuses(), { '200 /it': 3, '404 /it': 2 });
});

test('a client that leaves before the answer is counted once, with 499', async (t) => {
  const { reading, url } = await served(t, () => {});
  const socket = await connected(url, get('/'));
  await reading.serving(1);
  socket.destroy();
  await reading.over(1);
  assert.deepEqual(await reading.statuses(), { '499 /it': 1 });
  assert.equal(await reading.value('http_request_errors_total', BOTH), 1);
  assert.equal(await reading.inFlight(), 0);
});

test('a client that leaves in the middle of the answer is counted with 499 and what was written', async (t) => {
  const { reading, url } = await served(t, (req, res) => res.write('hello'));
  const socket = await connected(url, get('/'));
  await once(socket, 'data');
  socket.destroy();
  await reading.over(1);
  assert.deepEqual(await reading.statuses(), { '499 /it': 1 });
  assert.equal(await reading.value('http_response_size_bytes_sum', BOTH), 5);
  assert.equal(await reading.inFlight(), 0);
});

test('an answer that comes after the client left changes nothing', async (t) => {
  const answered = Promise.withResolvers?.() ?? deferred();
  const { reading, url } = await served(t, async (req, res) => {
    await once(res, 'close');
    res.end('too late');
    answered.resolve();
  });
  const socket = await connected(url, get('/'));
  await reading.serving(1);
  socket.destroy();
  await answered.promise;
  await reading.over(1);
  assert.deepEqual(await reading.statuses(), { '499 /it': 1 });
});

function deferred() {
  const made = {};
  made.promise = new Promise((resolve) => (made.resolve = resolve));
  return made;
}

test('a client that does not take an answer to its end is 499, though all of it was written', async (t) => {
  const { reading, url } = await served(t, (req, res) => res.end(Buffer.alloc(20_000_000)));
  const socket = await connected(url, get('/'));
  socket.pause();
  await reading.serving(1);
  await sleep(50);
  socket.resetAndDestroy();
  await reading.over(1);
  assert.deepEqual(await reading.statuses(), { '499 /it': 1 });
});

test('a client that ends its half of the connection is answered or gone, as the server has it', async (t) => {
  const { reading, server, url } = await served(t, (req, res) => setTimeout(() => res.end('hello'), 50));
  for (const isAllowed of [true, false]) {
    server.httpAllowHalfOpen = isAllowed;
    const socket = await connected(url);
    socket.end(get('/'));
    socket.resume();
    await once(socket, 'close');
  }
  await reading.over(2);
  assert.deepEqual(await reading.statuses(), { '200 /it': 1, '499 /it': 1 });
});

test('a client that was gone before the middleware came is counted once', async (t) => {
  const reading = new Reading();
  const listener = instrumentHttp(() => {}, { registry: reading.registry, endpoint: () => '/it' });
  const server = http.createServer(async (req, res) => {
    await once(res, 'close');
    listener(req, res);
  });
  const socket = await connected(await listening(t, server), get('/'));
  await sleep(50);
  socket.destroy();
  await reading.over(1);
  assert.deepEqual(await reading.statuses(), { '499 /it': 1 });
  assert.equal(await reading.inFlight(), 0);
});

test('a response that the application breaks off with an error is 500', async (t) => {
  const { reading, url } = await served(t, (req, res) => {
    res.write('hello');
    setImmediate(() => res.destroy(new Error('of the application')));
  });
  await assert.rejects(ask(url));
  await reading.over(1);
  assert.deepEqual(await reading.statuses(), { '500 /it': 1 });
});

test('what a listener throws is counted with 500 and passes', async (t) => {
  const reading = new Reading();
  const thrown = new Error('of the application');
  const listener = instrumentHttp(() => { throw thrown; }, { registry: reading.registry, endpoint: () => '/it' }); // prettier-ignore
  const caught = [];
  const server = http.createServer(function (req, res) {
    try {
      listener.call(this, req, res);
    } catch (error) {
      caught.push(error);
      res.end('saved');
    }
  });
  await ask(await listening(t, server));
  await reading.over(1);
  assert.deepEqual(caught, [thrown]);
  assert.deepEqual(await reading.statuses(), { '500 /it': 1 });
  assert.equal(await reading.inFlight(), 0);
});

test('a listener keeps its receiver and its result', async (t) => {
  const reading = new Reading();
  const seen = [];
  const listener = instrumentHttp(
    function (req, res) {
      seen.push(this);
      res.end();
      return 'result';
    },
    { registry: reading.registry },
  );
  const server = http.createServer();
  server.on('request', function (req, res) {
    seen.push(listener.call(this, req, res));
  });
  await ask(await listening(t, server));
  assert.deepEqual(seen, [server, 'result']);
});

test('each request of a connection that is kept alive is counted', async (t) => {
  const { reading, url } = await served(t, (req, res) => res.end(req.url));
  await exchanged(url, get('/a') + get('/bb') + get('/ccc', CLOSE));
  await reading.over(3);
  assert.equal(await reading.value('http_response_size_bytes_sum', BOTH), 2 + 3 + 4);
});

test('pipelined requests whose answers come in another order have their own sizes and statuses', async (t) => {
  const { reading, url } = await served(
    t,
    (req, res) => {
      const [, wait, status, size] = req.url.split('/').map(Number);
      res.statusCode = status;
      setTimeout(() => res.end(Buffer.alloc(size)), wait);
    },
    { endpoint: (req) => `/${req.url.split('/')[2]}` },
  );
  await exchanged(url, get('/100/200/10') + get('/10/201/2000') + get('/50/404/300', CLOSE));
  await reading.over(3);
  assert.deepEqual(await reading.statuses(), { '200 /200': 1, '201 /201': 1, '404 /404': 1 });
  const size = (endpoint) => reading.value('http_response_size_bytes_sum', { endpoint });
  assert.deepEqual([await size('/200'), await size('/201'), await size('/404')], [10, 2000, 300]);
  assert.equal(await reading.inFlight(), 0);
});

test('pipelined requests whose client leaves are each counted once, also those whose turn never came', async (t) => {
  const { reading, url } = await served(t, (req, res) => {
    if (req.url === '/2') res.end('waits for the first');
  });
  const socket = await connected(url, get('/1') + get('/2') + get('/3'));
  await reading.serving(3);
  socket.destroy();
  await reading.over(3);
  assert.deepEqual(await reading.statuses(), { '499 /it': 3 });
  assert.equal(await reading.inFlight(), 0);
});

test('pipelined requests whose client leaves end, though recording them fails', async (t) => {
  const { reading, url } = await served(t, () => {});
  const socket = await connected(url, get('/1') + get('/2') + get('/3'));
  await reading.serving(3);
  t.mock.method(performance, 'now', () => {
    throw new Error('of a clock');
  });
  socket.destroy();
  const faults = () => reading.value('tykmetrics_instrumentation_errors_total', { where: 'http' });
  for (let waited = 0; waited < 100 && (await faults()) !== 3; waited++) await sleep(10);
  assert.equal(await faults(), 3);
  assert.equal(await reading.inFlight(), 0);
});

test('many pipelined requests bring no warning of listeners', async (t) => {
  const warnings = [];
  const note = (warning) => warnings.push(warning.name);
  process.on('warning', note);
  t.after(() => process.off('warning', note));
  const { reading, url } = await served(t, (req, res) => setImmediate(() => res.end()));
  await exchanged(url, get('/').repeat(200) + get('/', CLOSE));
  await reading.over(201);
  assert.deepEqual(warnings, []);
});

test('an upgraded connection is no request', async (t) => {
  const { reading, server, url } = await served(t, (req, res) => res.end());
  server.on('upgrade', (req, socket) => {
    socket.end('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n');
  });
  await exchanged(url, get('/', 'Connection: Upgrade\r\nUpgrade: x\r\n'));
  await ask(url);
  await reading.over(1);
  assert.equal(await reading.inFlight(), 0);
});

test('a wish to upgrade that nobody hears is a request like any', async (t) => {
  const { reading, url } = await served(t, (req, res) => res.setHeader('Connection', 'close').end());
  await exchanged(url, get('/', 'Connection: Upgrade\r\nUpgrade: x\r\n'));
  await reading.over(1);
  assert.deepEqual(await reading.statuses(), { '200 /it': 1 });
});

test('informational responses are not the status', async (t) => {
  const { reading, url } = await served(t, async (req, res) => {
    res.writeEarlyHints({ link: '</a.css>; rel=preload' });
    for await (const chunk of req) void chunk;
    res.statusCode = 201;
    res.end();
  });
  const head = `POST / HTTP/1.1\r\nHost: it\r\n${CLOSE}Expect: 100-continue\r\nContent-Length: 2\r\n\r\n`;
  assert.match(await exchanged(url, `${head}ab`), /^HTTP\/1.1 100/);
  await reading.over(1);
  assert.deepEqual(await reading.statuses(), { '201 /it': 1 });
});

test('a response that was taken over is over when its connection is', async (t) => {
  const { reading, url } = await served(t, (req) => {
    req.socket.end('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
  });
  assert.match(await exchanged(url, get('/')), /^HTTP\/1.1 200/);
  await reading.over(1);
  assert.equal(await reading.inFlight(), 0);
});

test('what wraps write and end, before and after, still does', async (t) => {
  const reading = new Reading();
  const calls = [];
  const wrap = (res, name) => {
    const { write, end } = res;
    res.write = function (...rest) {
      calls.push(`${name} write`);
      return write.apply(this, rest);
    };
    res.end = function (...rest) {
      calls.push(`${name} end`);
      return end.apply(this, rest);
    };
  };
  const listener = instrumentHttp(
    (req, res) => {
      wrap(res, 'outer');
      res.write('ab');
      res.end('c');
    },
    { registry: reading.registry, endpoint: () => '/it' },
  );
  const server = http.createServer((req, res) => {
    wrap(res, 'inner');
    listener(req, res);
  });
  assert.equal((await ask(await listening(t, server))).text, 'abc');
  await reading.over(1);
  assert.deepEqual(calls, ['outer write', 'inner write', 'outer end', 'inner end']);
  assert.equal(await reading.value('http_response_size_bytes_sum', BOTH), 3);
});

test('what write and end return, and what they throw, is what Node has them do', async (t) => {
  const { reading, url } = await served(t, (req, res) => {
    assert.equal(res.write('a'), true);
    assert.throws(() => res.write(7), { code: 'ERR_INVALID_ARG_TYPE' });
    assert.throws(() => res.write(null), { code: 'ERR_STREAM_NULL_VALUES' });
    assert.equal(res.end('b', 'utf8'), res);
    res.on('error', () => {});
    assert.equal(res.write('late'), false);
  });
  assert.equal((await ask(url)).text, 'ab');
  await reading.over(1);
  assert.equal(await reading.value('http_response_size_bytes_sum', BOTH), 2);
  assert.equal((await reading.value('tykmetrics_instrumentation_errors_total', { where: 'http' })) ?? 0, 0);
});
