'use strict';

/**
 * The Pushgateway against real servers on the loopback, and beside prom-client's.
 */

const { test, before, after, beforeEach } = require('node:test');
const assert = require('node:assert/strict');
const fs = require('node:fs');
const http = require('node:http');
const https = require('node:https');
const os = require('node:os');
const path = require('node:path');
const zlib = require('node:zlib');
const { execFileSync } = require('node:child_process');
const promClient = require('prom-client');

const Counter = require('../lib/counter');
const Registry = require('../lib/registry');
const Pushgateway = require('../lib/pushgateway');

/** What a server saw, and how it answers. */
const seen = [];
let answer;
let server;
let url;

async function handle(request, response) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const { method, headers } = request;
  seen.push({ method, url: request.url, headers, body: Buffer.concat(chunks) });
  answer(response);
}

async function listening(one) {
  one.listen(0, '127.0.0.1');
  await new Promise((resolve) => one.once('listening', resolve));
  return one.address().port;
}

before(async () => {
  server = http.createServer(handle);
  url = `http://127.0.0.1:${await listening(server)}`;
});
after(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  seen.length = 0;
  answer = (response) => response.writeHead(202).end('taken');
});

function counted(Kind = Registry, Metric = Counter) {
  const registry = new Kind();
  new Metric({ name: 'jobs_total', help: 'Jobs', registers: [registry] }).inc(3);
  return registry;
}

test('push, pushAdd and delete are PUT, POST and DELETE, and resolve with response and body', async () => {
  const registry = counted();
  const gateway = new Pushgateway(url, null, registry);
  for (const [call, method] of [
    ['push', 'PUT'],
    ['pushAdd', 'POST'],
    ['delete', 'DELETE'],
  ]) {
    const { resp, body } = await gateway[call]({ jobName: 'nightly' });
    assert.equal(resp.statusCode, 202);
    assert.equal(body, 'taken');
    const request = seen.pop();
    assert.equal(request.method, method);
    assert.equal(request.url, '/metrics/job/nightly');
    assert.equal(request.body.toString(), method === 'DELETE' ? '' : await registry.metrics());
  }
});

test("method, address, body and credentials are those of prom-client's requests", async () => {
  const { host } = new URL(url);
  const addresses = [url, `${url}/`, `${url}/gateway`, `${url}/a%2Fb?x=1#y`, `http://me:p%40ss@${host}/base`];
  const jobs = [
    { jobName: 'nightly' },
    { jobName: 'a/b & c', groupings: { instance: 'h:1/x', zöne: 'ü?#' } },
    { jobName: 'nightly', groupings: {} },
  ];
  const theirs = counted(promClient.Registry, promClient.Counter);
  const options = { headers: { 'X-Tenant': 'one', 'Content-Encoding': 'gzip' } };
  for (const address of addresses) {
    for (const job of jobs) {
      for (const call of ['push', 'pushAdd', 'delete']) {
        await new Pushgateway(address, structuredClone(options), counted())[call](job);
        await new promClient.Pushgateway(address, structuredClone(options), theirs)[call](job);
        // How long a body is can be said in two ways.
        const [one, other] = seen.splice(0).map(({ headers, ...request }) => {
          for (const name of ['transfer-encoding', 'content-length']) delete headers[name];
          return { ...request, headers };
        });
        assert.deepEqual(one, other);
      }
    }
  }
});

test('a base path may end with a slash, or begin with two', async () => {
  for (const [base, expected] of [
    ['/gateway/', '/gateway/metrics/job/a'],
    ['//gateway.invalid/x', '//gateway.invalid/x/metrics/job/a'],
  ]) {
    await new Pushgateway(url + base, null, counted()).push({ jobName: 'a' });
    assert.equal(seen.pop().url, expected);
  }
});

test('a URL object is an address too', async () => {
  await new Pushgateway(new URL(url), null, counted()).push({ jobName: 'a' });
  assert.equal(seen.pop().url, '/metrics/job/a');
});

test('without a registry the global one is pushed', async () => {
  new Counter({ name: 'global_total', help: 'Global' }).inc(2);
  try {
    await new Pushgateway(url).push({ jobName: 'a' });
    assert.match(seen.pop().body.toString(), /^global_total 2$/m);
  } finally {
    Registry.globalRegistry.clear();
  }
});

test("a registry's text may come later or at once", async () => {
  for (const text of ['later 1\n', Promise.resolve('later 1\n')]) {
    await new Pushgateway(url, null, { metrics: () => text }).push({ jobName: 'a' });
    assert.equal(seen.pop().body.toString(), 'later 1\n');
  }
});

test('a missing name of the job is thrown, unless none is required', async () => {
  const strict = new Pushgateway(url, null, counted());
  for (const call of ['push', 'pushAdd', 'delete']) {
    for (const params of [[], [{}], [{ groupings: { a: 'b' } }]]) {
      assert.throws(() => strict[call](...params), { message: 'Missing jobName parameter' });
    }
  }
  const lenient = new Pushgateway(url, { requireJobName: false }, counted());
  for (const call of ['push', 'pushAdd', 'delete']) {
    await lenient[call]();
    assert.equal(seen.pop().url, '/metrics');
  }
});

test('a body is packed if its headers say so in any spelling, and no option is changed', async () => {
  for (const name of ['Content-Encoding', 'content-encoding']) {
    const options = { headers: { [name]: 'gzip', 'X-Tenant': 'one' } };
    const given = structuredClone(options);
    const registry = counted();
    const gateway = new Pushgateway(url, options, registry);
    await gateway.push({ jobName: 'a' });
    await gateway.delete({ jobName: 'a' });
    await gateway.pushAdd({ jobName: 'a' });
    const [put, removed, post] = seen.splice(0);
    for (const request of [put, post]) {
      assert.equal(request.headers['content-encoding'], 'gzip');
      assert.equal(zlib.gunzipSync(request.body).toString(), await registry.metrics());
    }
    assert.equal(removed.headers['content-encoding'], undefined);
    assert.equal(removed.headers['x-tenant'], 'one');
    assert.deepEqual(options, given);
  }
});

test("an answer of 400 or more rejects with its status and text, in prom-client's words", async () => {
  const gateway = new Pushgateway(url, null, counted());
  const theirs = new promClient.Pushgateway(url, null, counted(promClient.Registry, promClient.Counter));
  for (const status of [400, 500]) {
    answer = (response) => response.writeHead(status).end('no such thing');
    await assert.rejects(gateway.push({ jobName: 'a' }), {
      message: `push failed with status ${status}, no such thing`,
    });
    await assert.rejects(theirs.push({ jobName: 'a' }), {
      message: `push failed with status ${status}, no such thing`,
    });
  }
  answer = (response) => response.writeHead(399).end();
  assert.equal((await gateway.push({ jobName: 'a' })).resp.statusCode, 399);
});

test('a gateway that says nothing, or stops in the middle, is given up after the timeout', async () => {
  const gateway = new Pushgateway(url, { timeout: 50 }, counted());
  for (const silent of [() => {}, (response) => response.writeHead(200).write('a part')]) {
    answer = silent;
    await assert.rejects(gateway.push({ jobName: 'a' }), { message: 'Pushgateway request timed out' });
  }
});

test('a connection that breaks rejects, before an answer and within one', async () => {
  const gateway = new Pushgateway(url, null, counted());
  answer = (response) => response.destroy();
  await assert.rejects(gateway.push({ jobName: 'a' }), { code: 'ECONNRESET' });
  answer = (response) => response.writeHead(200).write('a part', () => response.destroy());
  await assert.rejects(gateway.push({ jobName: 'a' }), { code: 'ECONNRESET' });
});

test('nothing that fails is thrown: addresses, connections, registries', async () => {
  const closed = http.createServer();
  const port = await listening(closed);
  await new Promise((resolve) => closed.close(resolve));
  const push = (address, registry = counted()) =>
    new Pushgateway(address, null, registry).push({ jobName: 'a' });
  await assert.rejects(push('no address'), { code: 'ERR_INVALID_URL' });
  await assert.rejects(push('ftp://127.0.0.1'), { code: 'ERR_INVALID_PROTOCOL' });
  await assert.rejects(push(`http://127.0.0.1:${port}`), { code: 'ECONNREFUSED' });
  const metrics = () => Promise.reject(new Error('collect failed'));
  await assert.rejects(push(url, { metrics }), { message: 'collect failed' });
  assert.equal(seen.length, 0, 'a request was made for a text that there is not');
});

test('an agent and other options reach the request, and the latter come before the address', async () => {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const gateway = new Pushgateway(url, { agent, auth: 'someone:else' }, counted());
  try {
    for (let i = 0; i < 2; i += 1) await gateway.push({ jobName: 'a' });
    assert.equal(Object.values(agent.freeSockets).flat().length, 1);
    const expected = `Basic ${Buffer.from('someone:else').toString('base64')}`;
    assert.equal(seen.pop().headers.authorization, expected);
  } finally {
    agent.destroy();
  }
});

test('whoever replaces http.request or https.request sees the request', async (t) => {
  const gateway = new Pushgateway(url, null, counted());
  const ofHttp = t.mock.method(http, 'request');
  await gateway.push({ jobName: 'a' });
  assert.equal(ofHttp.mock.callCount(), 1);
  const [options] = ofHttp.mock.calls[0].arguments;
  const { hostname, port } = new URL(url);
  assert.equal(options.hostname, hostname);
  assert.equal(String(options.port), port);
  assert.equal(options.path, '/metrics/job/a');
  assert.equal(options.method, 'PUT');

  t.mock.method(https, 'request', () => {
    throw new Error('intercepted');
  });
  const secure = new Pushgateway('https://gateway.invalid', null, counted());
  await assert.rejects(secure.push({ jobName: 'a' }), { message: 'intercepted' });
});

test('over TLS a certificate that is trusted is taken, and another is not', async (t) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'pushgateway-'));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  const [key, cert] = ['key.pem', 'cert.pem'].map((name) => path.join(folder, name));
  execFileSync(
    'openssl',
    [
      ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1', '-keyout', key, '-out', cert],
      ...['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1'],
    ],
    { stdio: 'pipe' },
  );
  const ca = fs.readFileSync(cert);
  const secure = https.createServer({ key: fs.readFileSync(key), cert: ca }, handle);
  const address = `https://127.0.0.1:${await listening(secure)}/base`;
  t.after(() => {
    secure.closeAllConnections();
    secure.close();
  });
  await new Pushgateway(address, { ca }, counted()).push({ jobName: 'a' });
  assert.equal(seen.pop().url, '/base/metrics/job/a');
  await assert.rejects(new Pushgateway(address, null, counted()).push({ jobName: 'a' }), {
    code: 'DEPTH_ZERO_SELF_SIGNED_CERT',
  });
});
