'use strict';

/** `fastifyPlugin` in Fastify 5 and 4. */

const assert = require('node:assert/strict');
const { Readable } = require('node:stream');
const { once } = require('node:events');
const test = require('node:test');
const WebSocket = require('ws');

const { fastifyPlugin } = require('../../lib/middleware');
const { Reading, ask, connected, exchanged, listening } = require('./serving');

/** By their names in `devDependencies`. */
for (const version of ['fastify', 'fastify4']) {
  const fastify = require(version);

  const served = async (t, build, options = {}, made = {}) => {
    const reading = new Reading();
    const app = fastify({ forceCloseConnections: true, ...made });
    await build(app, () => app.register(fastifyPlugin, { registry: reading.registry, ...options }), reading);
    t.after(() => app.close());
    await app.listen({ port: 0, host: '127.0.0.1' });
    return { reading, app, url: await listening(t, app.server) };
  };

  test(`${version}: a request is called what its route is, with the prefixes of plugins`, async (t) => {
    const { reading, url } = await served(t, async (app, register) => {
      app.get('/before/:x', async () => 'hello');
      register();
      app.get('/users/:id', async () => ({ a: 1 }));
      app.register(async (inner) => inner.get('/things/:id', async () => 'hello'), { prefix: '/v1' });
      app.get('/files/*', async () => 'hello');
    });
    for (const path of [
      '/users/1',
      '/users/2?a=b',
      '/before/1',
      '/v1/things/1',
      '/files/a/b',
      '/none/1',
      '/users/%zz',
      '//',
    ]) {
      await exchanged(url, `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
    }
    const requests = await reading.requests();
    // Version 4 does not tell plugins of a path that it cannot decode.
    const unmatched = requests['GET unmatched'];
    assert.ok(unmatched === 2 || unmatched === 3, `${unmatched}`);
    assert.deepEqual({ ...requests, 'GET unmatched': 0 }, {
      'GET /users/:id': 2,
      'GET /before/:x': 1,
      'GET /v1/things/:id': 1,
      'GET /files/*': 1,
      'GET unmatched': 0,
    }); // prettier-ignore
    assert.equal(await reading.inFlight(), 0);
  });

  test(`${version}: methods, statuses and sizes are those of the answer`, async (t) => {
    const { reading, url } = await served(t, async (app, register) => {
      register();
      app.post('/echo', async (request, reply) => reply.code(201).send(request.body));
      app.get('/throws', async () => {
        throw new Error('of the handler');
      });
      app.get('/stream', async (request, reply) =>
        reply.send(Readable.from([Buffer.alloc(700), Buffer.alloc(300)])),
      );
      app.get('/empty', async (request, reply) => reply.code(204).send());
      app.get('/raw', (request, reply) => {
        reply.hijack();
        reply.raw.write('hello');
        reply.raw.end(' world');
      });
      app.get('/long', async () => 'é'.repeat(3000));
      app.setNotFoundHandler(async (request, reply) => reply.code(404).send('none'));
    });
    await ask(`${url}/echo`, {
      method: 'POST',
      body: '{"a":[1]}',
      headers: { 'content-type': 'application/json' },
    });
    for (const path of ['/throws', '/stream', '/empty', '/raw', '/long', '/none']) await ask(url + path);
    await ask(`${url}/long`, { method: 'HEAD' });
    await reading.over(8);
    assert.deepEqual(await reading.statuses(), {
      '201 /echo': 1,
      '500 /throws': 1,
      '200 /stream': 1,
      '204 /empty': 1,
      '200 /raw': 1,
      '200 /long': 2,
      '404 unmatched': 1,
    });
    const sent = (endpoint) => reading.value('http_response_size_bytes_sum', { endpoint, method: 'GET' });
    assert.deepEqual([await sent('/stream'), await sent('/empty'), await sent('/raw')], [1000, 0, 11]);
    assert.deepEqual([await sent('/long'), await sent('unmatched')], [6000, 4]);
    assert.equal(
      await reading.value('http_response_size_bytes_sum', { endpoint: '/long', method: 'HEAD' }),
      0,
    );
    assert.equal(await reading.value('http_request_size_bytes_sum', { endpoint: '/echo' }), 9);
  });

  test(`${version}: a client that leaves is 499 of the route, once`, async (t) => {
    const { reading, url } = await served(t, async (app, register) => {
      register();
      app.get('/slow/:id', () => new Promise(() => {}));
      app.get('/streams/:id', (request, reply) => {
        const body = new Readable({ read() {} });
        body.push('hello');
        reply.send(body);
      });
    });
    const slow = await connected(url, 'GET /slow/1 HTTP/1.1\r\nHost: x\r\n\r\n');
    const streams = await connected(url, 'GET /streams/1 HTTP/1.1\r\nHost: x\r\n\r\n');
    await once(streams, 'data');
    await reading.serving(2);
    slow.destroy();
    streams.destroy();
    await reading.over(2);
    assert.deepEqual(await reading.statuses(), { '499 /slow/:id': 1, '499 /streams/:id': 1 });
    assert.equal(await reading.inFlight(), 0);
  });

  test(`${version}: hooks of others that answer, and errors of theirs, are of the route`, async (t) => {
    const { reading, url } = await served(t, async (app, register) => {
      register();
      app.addHook('preHandler', async (request, reply) => {
        if (request.headers.authorization === undefined) return reply.code(401).send('who?');
      });
      app.get('/users/:id', async () => 'hello');
    });
    await ask(`${url}/users/1`);
    await ask(`${url}/users/1`, { headers: { authorization: 'x' } });
    await reading.over(2);
    assert.deepEqual(await reading.statuses(), { '401 /users/:id': 1, '200 /users/:id': 1 });
  });

  test(`${version}: registered twice, and inside, it counts once`, async (t) => {
    const { reading, url } = await served(t, async (app, register, own) => {
      register();
      register();
      app.register(async (inner) => {
        inner.register(fastifyPlugin, { registry: own.registry });
        inner.get('/users/:id', async () => 'hello');
      });
    });
    await ask(`${url}/users/1`);
    await reading.over(1);
  });

  test(`${version}: requests that are injected are counted`, async (t) => {
    const { reading, app } = await served(t, async (it, register) => {
      register();
      it.post('/users/:id', async (request) => request.body);
    });
    const answer = await app.inject({ method: 'POST', url: '/users/1', payload: { a: 1 } });
    assert.equal(answer.body, '{"a":1}');
    await reading.over(1);
    assert.deepEqual(await reading.statuses(), { '200 /users/:id': 1 });
    assert.equal(await reading.value('http_response_size_bytes_sum', { endpoint: '/users/:id' }), 7);
    assert.equal(await reading.inFlight(), 0);
  });

  test(`${version}: the metrics are served at a path, and their failure is Fastify's to answer`, async (t) => {
    const { reading, url } = await served(
      t,
      async (app, register) => {
        register();
        app.get('/x', async () => 'hello');
      },
      { path: '/metrics' },
    );
    await ask(`${url}/x`);
    const answer = await ask(`${url}/metrics`);
    assert.match(answer.text, /^http_requests_total\{endpoint="\/x",method="GET"\} 1$/m);
    assert.equal(answer.headers.get('content-type'), reading.registry.contentType);
    reading.registry.metrics = () => Promise.reject(new Error('of a collector'));
    const failed = await ask(`${url}/metrics`);
    assert.equal(failed.status, 500);
    assert.equal(JSON.parse(failed.text).message, 'of a collector');
    await reading.over(1);
  });

  test(`${version}: a function that names requests gets Fastify's request`, async (t) => {
    const { reading, url } = await served(
      t,
      async (app, register) => {
        register();
        app.get('/users/:id', async () => 'hello');
      },
      { endpoint: (request) => `${request.routeOptions.url} of ${request.params.id}` },
    );
    await ask(`${url}/users/1`);
    await reading.over(1);
    assert.deepEqual(await reading.requests(), { 'GET /users/:id of 1': 1 });
  });

  test(`${version}: options that cannot be are told at the start`, async () => {
    const app = fastify();
    app.register(fastifyPlugin, { registry: new Reading().registry, endpoint: 7 });
    await assert.rejects(async () => app.ready(), TypeError);
  });

  test(`${version}: an instance of HTTP/2 is counted`, async (t) => {
    const { reading, url } = await served(
      t,
      async (app, register) => {
        register();
        app.get('/users/:id', async () => 'hello');
      },
      {},
      { http2: true },
    );
    const client = require('node:http2').connect(url);
    const stream = client.request({ ':path': '/users/1' });
    stream.resume();
    await once(stream, 'close');
    // Now, as Fastify waits for it when it closes.
    client.destroy();
    await reading.over(1);
    assert.deepEqual(await reading.statuses(), { '200 /users/:id': 1 });
    assert.equal(await reading.value('http_response_size_bytes_sum', { endpoint: '/users/:id' }), 5);
  });
}

test('a websocket of a route is one WEBSOCKET of status 101, and not in flight', async (t) => {
  const fastify = require('fastify');
  const reading = new Reading();
  const app = fastify();
  await app.register(require('@fastify/websocket'));
  app.register(fastifyPlugin, { registry: reading.registry });
  app.register(async (inner) => {
    inner.get('/ws/:id', { websocket: true }, (socket) => socket.on('message', () => socket.send('pong')));
  });
  t.after(() => app.close());
  await app.listen({ port: 0, host: '127.0.0.1' });
  const socket = new WebSocket(`ws://127.0.0.1:${app.server.address().port}/ws/1`);
  await once(socket, 'open');
  socket.send('ping');
  await once(socket, 'message');
  assert.equal(await reading.inFlight(), 0);
  socket.close();
  await once(socket, 'close');
  await reading.over(1);
  assert.deepEqual(await reading.requests(), { 'WEBSOCKET /ws/:id': 1 });
  assert.deepEqual(await reading.statuses(), { '101 /ws/:id': 1 });
});
