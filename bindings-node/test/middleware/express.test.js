'use strict';

/** `expressMiddleware` in Express 5 and 4: which template a request is called, and that nothing else of it changes. */

const assert = require('node:assert/strict');
const http = require('node:http');
const test = require('node:test');

const { expressMiddleware, instrumentHttp } = require('../../lib/middleware');
const Templates = require('../../lib/middleware/express-templates');
const { Reading, ask, connected, listening } = require('./serving');

/** By their names in `devDependencies`. */
const VERSIONS = ['express', 'express4'];

const answers = (req, res) => res.send('hello');

for (const version of VERSIONS) {
  const express = require(version);
  const is5 = version === 'express';

  /** Serve an application that is made by `build` after the middleware. */
  const served = async (t, build, options = {}) => {
    const reading = new Reading();
    const app = express();
    app.use(expressMiddleware({ registry: reading.registry, ...options }));
    build(app, reading);
    return { reading, url: await listening(t, http.createServer(app)) };
  };

  const told = async (t, build, paths) => {
    const { reading, url } = await served(t, build);
    for (const path of paths) await ask(url + path);
    await reading.over(paths.length);
    return reading.requests();
  };

  const quiet = (app) => app.use((error, req, res, next) => (void next, res.status(500).send('error')));

  test(`${version}: a request is called what its route is`, async (t) => {
    const build = (app) => app.get('/users/:id', answers).get('/', answers);
    assert.deepEqual(await told(t, build, ['/users/1', '/users/2?a=b', '/users/%41', '/']), {
      'GET /users/:id': 3,
      'GET /': 1,
    });
  });

  test(`${version}: what no route takes is unmatched`, async (t) => {
    const build = (app) => {
      app.get('/users/:id', answers);
      app.use('/taken', answers);
    };
    assert.deepEqual(await told(t, build, ['/none', '/users', '/taken/by/nobody']), { 'GET unmatched': 3 });
  });

  test(`${version}: routers around a route are in its template`, async (t) => {
    const build = (app) => {
      const [inner, outer] = [express.Router(), express.Router()];
      inner.get('/:id', answers);
      inner.get('/', answers);
      outer.use('/users', inner);
      app.use('/apiV1/', outer);
    };
    assert.deepEqual(await told(t, build, ['/apiV1/users/1', '/APIv1/USERS/2', '/apiV1/users']), {
      'GET /apiV1/users/:id': 2,
      'GET /apiV1/users/': 1,
    });
  });

  test(`${version}: parameters of mounts are named, whatever their values are`, async (t) => {
    const build = (app) => {
      const router = express.Router();
      router.get('/things/:id', answers);
      app.use('/tenants/:tenant', router);
    };
    const paths = [
      '/tenants/tenants/things/1',
      '/tenants/a/things/1',
      '/tenants/%41/things/1',
      '/TENANTS/things/things/2',
    ];
    assert.deepEqual(await told(t, build, paths), { 'GET /tenants/:tenant/things/:id': 4 });
  });

  test(`${version}: a router that is mounted twice has two templates, and no more`, async (t) => {
    const build = (app) => {
      const router = express.Router();
      router.get('/users/:id', answers);
      app.use('/v1', router);
      app.use('/v2/:region', router);
    };
    const paths = ['/v1/users/1', '/V1/users/1', '/v2/eu/users/1', '/v2/us/users/1', '/v2/v1/users/v1'];
    assert.deepEqual(await told(t, build, paths), { 'GET /v1/users/:id': 2, 'GET /v2/:region/users/:id': 3 });
  });

  test(`${version}: an error that leaves the router leaves the template whole`, async (t) => {
    const build = (app) => {
      const router = express.Router();
      router.get('/throws/:id', () => {
        throw new Error('of the handler');
      });
      router.get('/passes/:id', (req, res, next) => next(new Error('of the handler')));
      app.use('/api', router);
      quiet(app);
    };
    const { reading, url } = await served(t, build);
    for (const path of ['/api/throws/1', '/api/passes/1'])
      assert.equal((await ask(url + path)).text, 'error');
    await reading.over(2);
    assert.deepEqual(await reading.statuses(), { '500 /api/throws/:id': 1, '500 /api/passes/:id': 1 });
  });

  test(`${version}: applications in applications are in the template`, async (t) => {
    const build = (app) => {
      const [sub, subsub] = [express(), express()];
      subsub.get('/deep/:id', answers);
      subsub.get('/fails/:id', (req, res, next) => next(new Error('of the handler')));
      sub.use('/b/:x', subsub);
      app.use('/a', sub);
      quiet(app);
    };
    assert.deepEqual(await told(t, build, ['/a/b/1/deep/2', '/a/b/3/deep/4', '/a/b/1/fails/2']), {
      'GET /a/b/:x/deep/:id': 2,
      'GET /a/b/:x/fails/:id': 1,
    });
  });

  test(`${version}: errors that leave a router that is mounted twice are each of their mount`, async (t) => {
    const build = (app) => {
      const router = express.Router();
      router.get('/fails/:id', (req, res, next) => next(new Error('of the handler')));
      app.use('/v1', router);
      app.use('/v2/:region', router);
      quiet(app);
    };
    assert.deepEqual(await told(t, build, ['/v1/fails/1', '/v2/eu/fails/1', '/v2/us/fails/1']), {
      'GET /v1/fails/:id': 1,
      'GET /v2/:region/fails/:id': 2,
    });
  });

  test(`${version}: a router that is mounted twice in an application inside has the templates of both`, async (t) => {
    const build = (app) => {
      const sub = express();
      const router = express.Router();
      router.get('/users/:id', answers);
      sub.use('/v1', router);
      sub.use('/v2', router);
      app.use('/sub/:x', sub);
    };
    assert.deepEqual(await told(t, build, ['/sub/1/v1/users/1', '/sub/2/v2/users/2']), {
      'GET /sub/:x/v1/users/:id': 1,
      'GET /sub/:x/v2/users/:id': 1,
    });
  });

  test(`${version}: a path that a middleware rewrote is called what the route is`, async (t) => {
    const build = (app) => {
      const router = express.Router();
      router.get('/users/:id', answers);
      app.use((req, res, next) => {
        req.url = `/api/${req.url.slice(1)}`;
        next();
      });
      app.use('/api', router);
    };
    assert.deepEqual(await told(t, build, ['/users/1', '/users/2']), { 'GET /api/users/:id': 2 });
  });

  test(`${version}: a router in a function of the user's is found by the mount of the function`, async (t) => {
    const build = (app) => {
      const router = express.Router();
      router.get('/users/:id', answers);
      app.use('/lazy/:x', (req, res, next) => router(req, res, next));
    };
    assert.deepEqual(await told(t, build, ['/lazy/1/users/1', '/LAZY/2/users/2']), {
      'GET /lazy/:x/users/:id': 2,
    });
  });

  test(`${version}: a regular expression and a list are one label each`, async (t) => {
    const build = (app) => {
      app.get(/^\/re(\d+)$/, answers);
      app.get(['/one', '/two/:x', /^\/three\d$/], answers);
    };
    assert.deepEqual(await told(t, build, ['/re1', '/re22', '/one', '/two/2', '/three3']), {
      'GET /^\\/re(\\d+)$/': 2,
      'GET /one,/two/:x,/^\\/three\\d$/': 3,
    });
  });

  test(`${version}: mounts that are regular expressions and lists are one label each`, async (t) => {
    const build = (app) => {
      const [one, two] = [express.Router(), express.Router()];
      one.get('/x', answers);
      two.get('/y', answers);
      app.use(/^\/t\d+/, one);
      app.use(['/a', '/b'], two);
    };
    const requests = await told(t, build, ['/t1/x', '/t2/x', '/t3/x', '/a/y', '/b/y', '/A/y']);
    assert.deepEqual(Object.values(requests), [3, 3]);
    for (const name of Object.keys(requests)) assert.doesNotMatch(name, /t1|t2|t3/);
  });

  test(`${version}: a wildcard is what the route says`, async (t) => {
    const wild = is5 ? '/files/*rest' : '/files/*';
    const build = (app) => app.get(wild, answers);
    assert.deepEqual(await told(t, build, ['/files/a', '/files/b/c']), { [`GET ${wild}`]: 2 });
  });

  test(`${version}: route() and all() are routes`, async (t) => {
    const build = (app) => {
      app.route('/both/:x').get(answers).post(answers);
      app.all('/all/:x', answers);
    };
    const { reading, url } = await served(t, build);
    await ask(`${url}/both/1`, { method: 'POST' });
    await ask(`${url}/all/1`, { method: 'DELETE' });
    await ask(`${url}/both/1`, { method: 'HEAD' });
    await ask(`${url}/both/1`, { method: 'OPTIONS' });
    await reading.over(4);
    assert.deepEqual(await reading.requests(), {
      'POST /both/:x': 1,
      'DELETE /all/:x': 1,
      'HEAD /both/:x': 1,
      'OPTIONS unmatched': 1,
    });
  });

  test(`${version}: hostile paths make no label`, async (t) => {
    const build = (app) => {
      const router = express.Router();
      router.get('/b/:id', answers);
      app.use('/a', router);
      app.get('/users/:id', answers);
      quiet(app);
    };
    const { reading, url } = await served(t, build);
    const paths = ['/a//b/1', '//a/b/1', '/users/%ff', '/%zz', '/a/b/%00', '/users/__proto__', '/constructor', '/users/a%22b', '/a/b/1;x=y']; // prettier-ignore
    for (let at = 0; at < 20; at++) paths.push(`/users/${at}`, `/random${at}`, `/a/b/${at}`);
    for (const path of paths) {
      const socket = await connected(url, `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
      socket.resume();
      await new Promise((resolve) => socket.once('close', resolve));
    }
    await reading.over(paths.length);
    for (const name of Object.keys(await reading.requests())) {
      assert.match(name, /^GET (\/users\/:id|\/a\/b\/:id|unmatched)$/);
    }
  });

  test(`${version}: the middleware twice in one application counts once`, async (t) => {
    const build = (app, reading) => {
      const again = expressMiddleware({ registry: reading.registry });
      const router = express.Router();
      router.use(again);
      router.get('/users/:id', answers);
      app.use(again);
      app.use('/api', router);
    };
    assert.deepEqual(await told(t, build, ['/api/users/1']), { 'GET /api/users/:id': 1 });
  });

  test(`${version}: inside of an instrumented server the route names the request`, async (t) => {
    const reading = new Reading();
    const { registry } = reading;
    const app = express();
    app.use(expressMiddleware({ registry }));
    app.get('/users/:id', answers);
    const url = await listening(t, http.createServer(instrumentHttp(app, { registry })));
    await ask(`${url}/users/1`);
    await reading.over(1);
    assert.deepEqual(await reading.requests(), { 'GET /users/:id': 1 });
  });

  test(`${version}: what the middleware does not know is the status and the sizes of the framework's answers`, async (t) => {
    const build = (app) => {
      app.use(express.json());
      app.post('/json', (req, res) => res.status(201).json(req.body));
      app.get('/file', (req, res) => res.sendFile(__filename));
      app.get('/cached', (req, res) => res.set('ETag', '"a"').send('hello'));
      app.get('/long', (req, res) => res.send('é'.repeat(5000)));
      quiet(app);
    };
    const { reading, url } = await served(t, build);
    const json = { method: 'POST', headers: { 'content-type': 'application/json' } };
    await ask(`${url}/json`, { ...json, body: '{"a":[1]}' });
    await ask(`${url}/json`, { ...json, body: '{"a":' });
    const file = await ask(`${url}/file`);
    await ask(`${url}/cached`, { headers: { 'if-none-match': '"a"', 'cache-control': 'max-age=0' } });
    await ask(`${url}/long`);
    await reading.over(5);
    const statuses = { '201 /json': 1, '500 unmatched': 1, '200 /file': 1, '304 /cached': 1, '200 /long': 1 };
    assert.deepEqual(await reading.statuses(), statuses);
    const sent = (endpoint) => reading.value('http_response_size_bytes_sum', { endpoint });
    assert.equal(await sent('/json'), 9);
    assert.equal(await sent('/file'), Buffer.byteLength(file.text));
    assert.equal(await sent('/cached'), 0);
    assert.equal(await sent('/long'), 10_000);
    assert.equal(await reading.value('http_request_size_bytes_sum', { endpoint: '/json' }), 9);
  });

  test(`${version}: the metrics are served at a path, and their failure goes to the handler of errors`, async (t) => {
    const { reading, url } = await served(t, (app) => quiet(app.get('/x', answers)), { path: '/metrics' });
    await ask(`${url}/x`);
    const answer = await ask(`${url}/metrics`);
    assert.match(answer.text, /^http_requests_total\{endpoint="\/x",method="GET"\} 1$/m);
    assert.equal(answer.headers.get('content-type'), reading.registry.contentType);
    reading.registry.metrics = () => Promise.reject(new Error('of a collector'));
    assert.equal((await ask(`${url}/metrics`)).text, 'error');
    await reading.over(1);
  });

  test(`${version}: a function that names requests gets Express's request`, async (t) => {
    const { reading, url } = await served(t, (app) => app.get('/users/:id', answers), {
      endpoint: (req) => (req.params.id === '1' ? `first ${req.route.path}` : undefined),
    });
    await ask(`${url}/users/1`);
    await ask(`${url}/users/2`);
    await reading.over(2);
    assert.deepEqual(await reading.requests(), { 'GET first /users/:id': 1, 'GET /users/:id': 1 });
  });

  test(`${version}: a client that leaves a route is 499 of the route`, async (t) => {
    const { reading, url } = await served(t, (app) => app.get('/slow/:id', () => {}));
    const socket = await connected(url, 'GET /slow/1 HTTP/1.1\r\nHost: x\r\n\r\n');
    await reading.serving(1);
    socket.destroy();
    await reading.over(1);
    assert.deepEqual(await reading.statuses(), { '499 /slow/:id': 1 });
    assert.equal(await reading.inFlight(), 0);
  });
}

test('routers of Express 5.0 to 5.2, which keep no paths, tell parameters by their values', async (t) => {
  const Router = require('router22');
  const [root, tenants, wild, shared] = [new Router(), new Router(), new Router(), new Router()];
  const templates = new Templates((name) => ({ name }));
  const names = [];
  const app = { router: root };
  const tell = (req, res) => {
    req.app = app;
    names.push(templates.of(req).name);
    res.end();
  };
  for (const router of [tenants, wild, shared]) router.get('/things/:id', tell);
  root.use('/Tenants/:tenant', tenants);
  root.use(/^\/t\d+/, wild);
  root.use('/v1', shared);
  root.use('/v2/:x', shared);
  const url = await listening(
    t,
    http.createServer((req, res) => root(req, res, () => res.end())),
  );
  for (const path of [
    '/Tenants/a/things/1',
    '/t1/things/1',
    '/t2/things/1',
    '/V1/things/1',
    '/v2/A/things/2',
    '/v2/b/things/2',
  ]) {
    await ask(url + path);
  }
  assert.deepEqual(names, [
    '/tenants/:tenant/things/:id',
    '/*/things/:id',
    '/*/things/:id',
    '/v1/things/:id',
    '/v2/:x/things/:id',
    '/v2/:x/things/:id',
  ]);
});
