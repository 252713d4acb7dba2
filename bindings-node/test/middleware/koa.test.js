'use strict';

/** `koaMiddleware` in Koa 3 and 2, with `@koa/router`. */

const assert = require('node:assert/strict');
const http = require('node:http');
const { Readable } = require('node:stream');
const test = require('node:test');

const { koaMiddleware } = require('../../lib/middleware');
const { Reading, ask, connected, listening } = require('./serving');

const answers = (ctx) => {
  ctx.body = 'hello';
};

/** By their names in `devDependencies`. */
for (const [version, routers] of [
  ['koa', '@koa/router'],
  ['koa2', 'koa-router13'],
]) {
  const Koa = require(version);
  const Router = require(routers).default ?? require(routers);

  const served = async (t, build, options = {}) => {
    const reading = new Reading();
    const app = new Koa();
    app.silent = true;
    app.use(koaMiddleware({ registry: reading.registry, ...options }));
    await build(app, reading);
    return { reading, app, url: await listening(t, http.createServer(app.callback())) };
  };

  const told = async (t, build, paths) => {
    const { reading, url } = await served(t, build);
    for (const path of paths) await ask(url + path);
    await reading.over(paths.length);
    return reading.requests();
  };

  test(`${version}: a request is called what its route is, with the prefixes of routers`, async (t) => {
    const build = (app) => {
      const [router, nested] = [new Router({ prefix: '/v1' }), new Router()];
      nested.get('/things/:id', answers);
      router.get('/users/:id', answers);
      router.get('/', answers);
      router.use('/of/:owner', nested.routes());
      app.use(router.routes());
    };
    const paths = [
      '/v1/users/1',
      '/v1/users/2?a=b',
      '/v1/of/me/things/1',
      '/v1/users/%41',
      '/none',
      '/v1/users',
    ];
    assert.deepEqual(await told(t, build, paths), {
      'GET /v1/users/:id': 3,
      'GET /v1/of/:owner/things/:id': 1,
      'GET unmatched': 2,
    });
  });

  test(`${version}: of several routes it is the one that answers`, async (t) => {
    const build = (app) => {
      const router = new Router();
      router.get('/users/me', answers);
      router.get('/users/:id', answers);
      router.get('/passes/:id', (ctx, next) => next());
      router.get('/passes/:other', answers);
      app.use(router.routes());
    };
    assert.deepEqual(await told(t, build, ['/users/me', '/users/1', '/passes/1']), {
      'GET /users/me': 1,
      'GET /users/:id': 1,
      'GET /passes/:other': 1,
    });
  });

  test(`${version}: what a router's own middleware answers is the route's that it stands before`, async (t) => {
    const build = (app) => {
      const router = new Router();
      router.use('/users', (ctx) => ctx.throw(401));
      router.get('/users/:id', answers);
      app.use(router.routes());
    };
    assert.deepEqual(await told(t, build, ['/users/1', '/users/2']), { 'GET /users/:id': 2 });
  });

  test(`${version}: a regular expression is one label`, async (t) => {
    const build = (app) => {
      const router = new Router();
      router.get(/^\/re(\d+)$/, answers);
      app.use(router.routes());
    };
    assert.deepEqual(await told(t, build, ['/re1', '/re22']), { 'GET /^\\/re(\\d+)$/': 2 });
  });

  test(`${version}: without a router requests are unmatched`, async (t) => {
    assert.deepEqual(await told(t, (app) => app.use(answers), ['/a', '/b']), { 'GET unmatched': 2 });
  });

  test(`${version}: methods, statuses and sizes are those of the answer`, async (t) => {
    const { reading, url } = await served(t, (app) => {
      const router = new Router();
      router.post('/echo', async (ctx) => {
        const chunks = [];
        for await (const chunk of ctx.req) chunks.push(chunk);
        ctx.status = 201;
        ctx.body = Buffer.concat(chunks);
      });
      router.get('/throws', () => {
        throw new Error('of the handler');
      });
      router.get('/refuses', (ctx) => ctx.throw(403));
      router.get('/stream', (ctx) => {
        ctx.body = Readable.from([Buffer.alloc(700), Buffer.alloc(300)]);
      });
      router.get('/json', (ctx) => {
        ctx.body = { a: 1 };
      });
      router.get('/empty', (ctx) => {
        ctx.status = 204;
      });
      router.get('/raw', (ctx) => {
        ctx.respond = false;
        ctx.res.statusCode = 202;
        ctx.res.end('hello');
      });
      app.use(router.routes()).use(router.allowedMethods());
    });
    await ask(`${url}/echo`, { method: 'POST', body: 'x'.repeat(60) });
    for (const path of ['/throws', '/refuses', '/stream', '/json', '/empty', '/raw']) await ask(url + path);
    await ask(`${url}/json`, { method: 'HEAD' });
    await ask(`${url}/json`, { method: 'PUT' });
    await reading.over(9);
    assert.deepEqual(await reading.statuses(), {
      '201 /echo': 1,
      '500 /throws': 1,
      '403 /refuses': 1,
      '200 /stream': 1,
      '200 /json': 2,
      '204 /empty': 1,
      '202 /raw': 1,
      '405 unmatched': 1,
    });
    const sent = (endpoint, method = 'GET') =>
      reading.value('http_response_size_bytes_sum', { endpoint, method });
    assert.deepEqual([await sent('/stream'), await sent('/json'), await sent('/json', 'HEAD')], [1000, 7, 0]);
    assert.deepEqual([await sent('/empty'), await sent('/raw'), await sent('/echo', 'POST')], [0, 5, 60]);
    assert.equal(await reading.value('http_request_size_bytes_sum', { endpoint: '/echo' }), 60);
  });

  test(`${version}: a client that leaves is 499 of the route, once`, async (t) => {
    const { reading, url } = await served(t, (app) => {
      const router = new Router();
      router.get('/slow/:id', () => new Promise(() => {}));
      app.use(router.routes());
    });
    const socket = await connected(url, 'GET /slow/1 HTTP/1.1\r\nHost: x\r\n\r\n');
    await reading.serving(1);
    socket.destroy();
    await reading.over(1);
    assert.deepEqual(await reading.statuses(), { '499 /slow/:id': 1 });
    assert.equal(await reading.inFlight(), 0);
  });

  test(`${version}: the middleware twice counts once`, async (t) => {
    const build = (app, reading) => app.use(koaMiddleware({ registry: reading.registry })).use(answers);
    assert.deepEqual(await told(t, build, ['/a']), { 'GET unmatched': 1 });
  });

  test(`${version}: what the rest throws passes, the same error`, async (t) => {
    const thrown = new Error('of the handler');
    const caught = [];
    const reading = new Reading();
    const app = new Koa();
    app.use((ctx, next) => next().catch((error) => caught.push(error)));
    app.use(koaMiddleware({ registry: reading.registry }));
    app.use(async () => {
      throw thrown;
    });
    await ask(await listening(t, http.createServer(app.callback())));
    assert.deepEqual(caught, [thrown]);
  });

  test(`${version}: the metrics are served at a path, and their failure is Koa's to answer`, async (t) => {
    const { reading, url } = await served(t, (app) => app.use(answers), { path: '/metrics' });
    await ask(`${url}/x`);
    const answer = await ask(`${url}/metrics`);
    assert.match(answer.text, /^http_requests_total\{endpoint="unmatched",method="GET"\} 1$/m);
    assert.equal(answer.headers.get('content-type'), reading.registry.contentType);
    reading.registry.metrics = () => Promise.reject(new Error('of a collector'));
    assert.equal((await ask(`${url}/metrics`)).status, 500);
    await reading.over(1);
  });

  test(`${version}: a function that names requests gets the context`, async (t) => {
    const { reading, url } = await served(t, (app) => app.use(answers), {
      endpoint: (ctx) => `of ${ctx.status}`,
    });
    await ask(url);
    await reading.over(1);
    assert.deepEqual(await reading.requests(), { 'GET of 200': 1 });
  });
}
