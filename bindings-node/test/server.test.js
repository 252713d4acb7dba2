'use strict';

/** The metrics server as clients and operators see it, over real sockets. */

const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const http = require('node:http');
const https = require('node:https');
const os = require('node:os');
const path = require('node:path');
const test = require('node:test');
const util = require('node:util');
const zlib = require('node:zlib');
const { Counter, Histogram, Registry, register, render, startHttpServer } = require('tykmetrics');
const native = require('../lib/native');
const { program, scrape, serve, valueOf } = require('./serving-metrics');

/** A registry with a counter and a histogram. */
function filled() {
  const registry = new Registry();
  const registers = [registry];
  const jobs = new Counter({ name: 'jobs_total', help: 'Jobs', labelNames: ['queue'], registers });
  const latency = new Histogram({ name: 'latency_seconds', help: 'Latency', buckets: [0.1, 1], registers });
  jobs.inc({ queue: 'mail' }, 3);
  latency.observe(0.5);
  return { registry, jobs, latency };
}

function temporary(t) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'tykmetrics-server-'));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  return folder;
}

test('a server serves what render gives, in each format and encoding', async (t) => {
  const { registry } = filled();
  const server = await serve(t, { registry });
  assert.match(server.url, /^http:\/\/127\.0\.0\.1:\d+$/);
  assert.deepEqual([`http://${server.address}`, `http://127.0.0.1:${server.port}`], [server.url, server.url]);
  const text = await scrape(server);
  assert.equal(text.text, String(await render('text', { registry })));
  assert.match(text.headers.get('content-type'), /^text\/plain; version=0\.0\.4/);
  const open = await scrape(server, { headers: { accept: 'application/openmetrics-text; version=1.0.0' } });
  assert.equal(open.text, String(await render('openmetrics', { registry })));
  const json = await scrape(server, { path: '/metrics/json' });
  assert.equal(json.text.trim(), String(await render('json', { registry })).trim());
  const [packed] = await once(
    http.get(`${server.url}/metrics`, { agent: false, headers: { 'accept-encoding': 'gzip' } }),
    'response',
  );
  assert.equal(packed.headers['content-encoding'], 'gzip');
  assert.equal(String(zlib.gunzipSync(Buffer.concat(await packed.toArray()))), text.text);
});

test('the default registry is served, and one of its families alone', async (t) => {
  const counter = new Counter({ name: 'server_default_total', help: 'a' });
  t.after(() => register.removeSingleMetric('server_default_total'));
  counter.inc(2);
  const { text } = await scrape(await serve(t), { path: '/metrics?name[]=server_default_total' });
  assert.equal(valueOf(text, 'server_default_total'), 2);
  assert.equal(text.match(/^# TYPE/gm).length, 1);
});

test('a scrape while the program records never goes back, and ends exact', async (t) => {
  const { registry, jobs } = filled();
  const server = await serve(t, { registry });
  const mail = jobs.labels('mail');
  let last = 0;
  let recorded = 3;
  for (let round = 0; round < 50; round += 1) {
    const scraped = scrape(server);
    for (let i = 0; i < 10_000; i += 1) mail.inc();
    recorded += 10_000;
    const now = valueOf((await scraped).text, 'jobs_total{queue="mail"}');
    assert.ok(now >= last && now <= recorded, `${now} after ${last}, of ${recorded}`);
    last = now;
  }
  assert.equal(valueOf((await scrape(server)).text, 'jobs_total{queue="mail"}'), recorded);
});

test('a path and routes of its own, labels, and the page', async (t) => {
  const { registry } = filled();
  const labels = { someApp: 'a' };
  const server = await serve(t, { registry, path: '/stats', routes: { json: false }, labels });
  assert.equal((await scrape(server)).status, 404);
  assert.equal((await scrape(server, { path: '/stats/json' })).status, 404);
  const { text } = await scrape(server, { path: '/stats' });
  assert.match(text, /^jobs_total\{(queue="mail",someApp="a"|someApp="a",queue="mail")\} 3$/m);
  assert.equal(JSON.parse((await scrape(server, { path: '/stats/health' })).text).status, 'ok');
  assert.equal((await scrape(server, { path: '/healthz' })).text.trim(), 'OK');
  assert.match((await scrape(server, { path: '/' })).text, /jobs_total/);
});

test('who is not known is refused, and who is may reset', async (t) => {
  const { registry, jobs } = filled();
  let resets = 0;
  registry.registerMetric({
    name: 'own',
    get: () => ({ name: 'own', values: [] }),
    reset: () => (resets += 1),
  });
  const auth = { basic: { name: 'joe', password: 'secret-word' }, bearer: 'token' };
  const server = await serve(t, { registry, auth, routes: { reset: true } });
  assert.equal((await scrape(server)).status, 401);
  assert.equal((await scrape(server, { headers: { authorization: 'Bearer other' } })).status, 401);
  const basic = { authorization: `Basic ${Buffer.from('joe:secret-word').toString('base64')}` };
  const bearer = { authorization: 'Bearer token' };
  for (const headers of [basic, bearer]) assert.equal((await scrape(server, { headers })).status, 200);
  assert.equal((await scrape(server, { path: '/metrics/reset', method: 'POST' })).status, 401);
  const reset = await scrape(server, { path: '/metrics/reset', method: 'POST', headers: basic });
  assert.equal(reset.status, 200);
  assert.equal(valueOf((await scrape(server, { headers: basic })).text, 'jobs_total{queue="mail"}'), 0);
  jobs.inc({ queue: 'mail' });
  assert.equal(valueOf((await scrape(server, { headers: basic })).text, 'jobs_total{queue="mail"}'), 1);
  assert.equal(resets, 1);
});

/** An authority, and certificates that it signed, made by openssl. */
function certificates(folder) {
  const run = (...args) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  const ca = ['-keyout', 'ca.key', '-out', 'ca.crt', '-subj', '/CN=ca', '-days', '2'];
  run('req', '-x509', ...curve, ...ca, '-addext', 'keyUsage=critical,keyCertSign');
  for (const name of ['server', 'client']) {
    run('req', ...curve, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`);
    fs.writeFileSync(path.join(folder, 'names'), 'subjectAltName=DNS:localhost,IP:127.0.0.1\n');
    const signed = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2'];
    run('x509', '-req', '-in', `${name}.csr`, ...signed, '-extfile', 'names', '-out', `${name}.crt`);
  }
  return (name) => path.join(folder, name);
}

test('TLS, and clients with certificates alone', async (t) => {
  const file = certificates(temporary(t));
  const read = (name) => fs.readFileSync(file(name));
  const { registry } = filled();
  const tls = { cert: file('server.crt'), key: file('server.key'), required: true };
  const ask = async (server, more) => {
    const options = { ca: read('ca.crt'), agent: false, ...more };
    const [answer] = await once(https.get(`${server.url}/metrics`, options), 'response');
    return String(Buffer.concat(await answer.toArray()));
  };
  const server = await serve(t, { registry, tls });
  assert.match(server.url, /^https:/);
  assert.equal(valueOf(await ask(server), 'jobs_total{queue="mail"}'), 3);
  const mutual = await serve(t, { registry, tls: { ...tls, clientCa: file('ca.crt') } });
  await assert.rejects(ask(mutual), /alert|certificate|reset|hang up/i);
  const client = { cert: read('client.crt'), key: read('client.key') };
  assert.equal(valueOf(await ask(mutual, client), 'jobs_total{queue="mail"}'), 3);
  const mismatched = { cert: file('server.crt'), key: file('client.key') };
  await assert.rejects(startHttpServer({ port: 0, tls: mismatched }), {
    code: 'ERR_TYKMETRICS_KEY_MISMATCH',
    message: /client\.key/,
  });
});

test('what is wrong is an error that says what, and leaves nothing behind', async (t) => {
  const taken = await serve(t, { registry: filled().registry });
  const threads = () => fs.readdirSync('/proc/self/task').length;
  await startHttpServer({ port: taken.port }).catch(() => {});
  const before = threads();
  const missing = path.join(temporary(t), 'missing.pem');
  const wrong = [
    [{ port: taken.port }, 'EADDRINUSE', new RegExp(taken.address)],
    [{ host: '203.0.113.7', port: 0 }, 'EADDRNOTAVAIL', /203\.0\.113\.7/],
    [
      { limits: { concurentScrapes: 3 } },
      'ERR_TYKMETRICS_CONFIG',
      /limits\.concurent_scrapes.*concurrent_scrapes/,
    ],
    [{ limits: { scrapeTimeout: 'soon' } }, 'ERR_TYKMETRICS_CONFIG', /limits\.scrape_timeout.*soon/],
    [{ port: 70_000 }, 'ERR_TYKMETRICS_CONFIG', /70000/],
    [{ path: 'metrics' }, 'ERR_TYKMETRICS_CONFIG', /path/],
    [{ tls: { required: true } }, 'ERR_TYKMETRICS_TLS_REQUIRED', /tls\.cert/],
    [{ tls: { cert: missing, key: missing } }, 'ERR_TYKMETRICS_UNREADABLE', /missing\.pem/],
    [{ tls: { cert: __filename, key: __filename } }, 'ERR_TYKMETRICS_CERTIFICATE', /server\.test\.js/],
    [{ routes: { reset: true } }, 'ERR_TYKMETRICS_CONFIG', /routes\.reset/],
    [{ enabled: false }, 'ERR_TYKMETRICS_DISABLED', /enabled/],
    [{ registry: {} }, 'ERR_TYKMETRICS_CONFIG', /registry/],
    [{ labels: { a: 1n } }, 'ERR_TYKMETRICS_CONFIG', /labels\.a is \[object BigInt\]/],
    [{ hygiene: { enabled: true, patterns: ['('] } }, 'ERR_TYKMETRICS_CONFIG', /hygiene\.patterns/],
  ];
  for (const [options, code, message] of wrong) {
    await assert.rejects(
      serve(t, options),
      (error) => {
        assert.ok(error instanceof Error);
        assert.equal(error.code, code, error.message);
        assert.match(error.message, message);
        return true;
      },
      util.inspect(options),
    );
  }
  for (let i = 0; i < 100 && threads() > before; i += 1)
    await new Promise((resolve) => setTimeout(resolve, 20));
  assert.ok(threads() <= before, `${threads()} threads, and before ${before}`);
  assert.equal((await scrape(taken)).status, 200);
});

test('a server that cannot be begun is closed, and hears of nothing', async (t) => {
  const { registry } = filled();
  const made = t.mock.method(native, 'door');
  const closed = t.mock.method(native, 'closeDoor');
  const informed = t.mock.method(native, 'informDoor', () => {
    throw new Error('no luck');
  });
  await assert.rejects(startHttpServer({ port: 0, registry }), /no luck/);
  informed.mock.restore();
  assert.equal(made.mock.callCount(), 1);
  assert.deepEqual(
    closed.mock.calls.map((call) => call.arguments),
    [[made.mock.calls[0].result]],
  );
  assert.equal(registry._listeners.size, 0);
  assert.equal((await scrape(await serve(t, { registry }))).status, 200);
});

test('what the process may not do is EACCES', async (t) => {
  const folder = temporary(t);
  fs.chmodSync(folder, 0o500);
  const source = `const { startHttpServer } = require('tykmetrics');
    if (process.getuid() === 0) process.setuid(65534);
    startHttpServer({ listen: 'unix:${folder}/metrics.sock' }).catch(({ code }) => console.log(code));`;
  assert.equal(await program(t, source).line(), 'EACCES');
});

test('closing frees the port, any number of times, and disposing closes', async (t) => {
  const { registry } = filled();
  const server = await serve(t, { registry });
  const { port } = server;
  await Promise.all([server.close(), server.close()]);
  await assert.rejects(fetch(`${server.url}/metrics`));
  const again = await serve(t, { registry, port });
  assert.equal(again.port, port);
  assert.equal((await scrape(again)).status, 200);
  await again[Symbol.asyncDispose]();
  const other = await serve(t, { registry, port });
  assert.equal((await scrape(other)).status, 200);
});

test('a scrape that runs while the server is closed is finished', async (t) => {
  const registry = new Registry();
  const labelNames = ['name'];
  const many = new Counter({
    name: 'many_total',
    help: 'm',
    labelNames,
    limit: 200_000,
    registers: [registry],
  });
  for (let i = 0; i < 100_000; i += 1) many.inc({ name: `a series with a long name, ${i}` });
  const server = await serve(t, { registry });
  const [answer] = await once(http.get(`${server.url}/metrics`, { agent: false }), 'response');
  let text = '';
  answer.setEncoding('utf8');
  await once(answer, 'readable');
  const closed = server.close();
  await new Promise((resolve) => setTimeout(resolve, 100));
  await assert.rejects(fetch(`${server.url}/metrics`));
  for await (const chunk of answer) text += chunk;
  await closed;
  assert.equal(text.match(/^many_total/gm).length, 100_000);
});

test('a socket in the file system is served, and removed', async (t) => {
  const socketPath = path.join(temporary(t), 'metrics.sock');
  const server = await serve(t, {
    registry: filled().registry,
    port: undefined,
    listen: `unix:${socketPath}`,
  });
  assert.equal(server.port, undefined);
  const [answer] = await once(http.get({ socketPath, path: '/metrics', agent: false }), 'response');
  assert.match(String(Buffer.concat(await answer.toArray())), /^jobs_total/m);
  await server.close();
  assert.ok(!fs.existsSync(socketPath));
});

test('secrets in label values are replaced, also those of series that a program looked up before', async (t) => {
  const { registry, jobs } = filled();
  jobs.inc({ queue: 'joe@example.com' });
  const server = await serve(t, { registry, hygiene: { enabled: true } });
  jobs.inc({ queue: 'joe@example.com' });
  jobs.inc({ queue: 'jim@example.com' });
  const { text } = await scrape(server);
  assert.equal(valueOf(text, 'jobs_total{queue="[email]"}'), 3);
  assert.ok(!text.includes('example.com'), text);
});

test('secrets in exemplars are replaced too, whoever prints them', async (t) => {
  const registry = new Registry(Registry.OPENMETRICS_CONTENT_TYPE);
  const options = { help: 'h', labelNames: ['by'], enableExemplars: true, registers: [registry] };
  const sizes = new Histogram({ name: 'size_bytes', ...options });
  const jobs = new Counter({ name: 'jobs', ...options });
  const record = () => {
    const exemplarLabels = { trace_id: '4bf92f3577b34da6a3ce929d0e0e4736', user: 'joe@example.com' };
    sizes.observe({ labels: { by: 'joe@example.com' }, value: 1, exemplarLabels });
    jobs.inc({ labels: { by: 'jim@example.com' }, exemplarLabels });
    jobs.inc({ labels: { by: 'long' }, exemplarLabels: { all: 'a@b.io '.repeat(17) } });
  };
  const shown = '# {trace_id="4bf92f3577b34da6a3ce929d0e0e4736",user="[email]"} 1';
  record();
  assert.ok((await registry.metrics()).includes('user="joe@example.com"'));
  const server = await serve(t, { registry, hygiene: { enabled: true } });
  for (let i = 0; i < 2; i += 1) {
    const { text } = await scrape(server, { headers: { accept: 'application/openmetrics-text' } });
    for (const each of [text, await registry.metrics(), registry.metricsSync()]) {
      assert.ok(!each.includes('@'), each);
      assert.equal(each.split(shown).length - 1, 2, each);
      assert.match(each, /by="long"} \d(\.0)? # {} 1/);
    }
    assert.ok(!JSON.stringify(await registry.getMetricsAsJSON()).includes('@'));
    record();
  }
});

test('exemplars leave with their series, and the last of those that are one is shown', async (t) => {
  const registry = new Registry(Registry.OPENMETRICS_CONTENT_TYPE);
  const options = { help: 'h', labelNames: ['by'], enableExemplars: true, registers: [registry] };
  const jobs = new Counter({ name: 'jobs', ...options });
  const sizes = new Histogram({ name: 'sizes', buckets: [1, 10], ...options });
  const record = (by, t) => {
    jobs.inc({ labels: { by }, exemplarLabels: { t } });
    sizes.observe({ labels: { by }, value: 1, exemplarLabels: { t } });
  };
  const foreign = {
    name: 'foreign',
    get: () => ({
      name: 'foreign',
      help: 'h',
      type: 'counter',
      values: [{ value: 1, labels: {}, exemplar: { labelSet: { user: 'joe@example.com' }, value: 1 } }],
    }),
  };
  registry.registerMetric(foreign);
  record('joe@example.com', 'first');
  await new Promise((resolve) => setTimeout(resolve, 5));
  const server = await serve(t, { registry, hygiene: { enabled: true } });
  const said = async () =>
    (await scrape(server, { headers: { accept: 'application/openmetrics-text' } })).text;
  record('a\0b@example.com', 'second');
  const text = await said();
  assert.ok(!text.includes('example.com'), text);
  assert.match(text, /jobs_total{by="\[email\]"} \d # {t="second"}/);
  record('ann@example.com', 'third');
  assert.equal((await said()).match(/# {t="third"}/g).length, 2);
  jobs.remove('jim@example.com');
  sizes.zero({ by: 'jim@example.com' });
  record('other', 'fourth');
  jobs.inc({ labels: { by: '[email]' } });
  assert.ok(!/third|second/.test(await said()), await said());
  assert.equal((await said()).match(/# {t="fourth"}/g).length, 2);
});

test('the environment says what the code leaves out, and is warned of what means nothing here', async (t) => {
  const source = `require('tykmetrics').startHttpServer({ port: 0 }).then((server) => console.log(server.url));`;
  const env = {
    TYKMETRICS_PATH: '/env',
    TYKMETRICS_LISTEN: '127.0.0.1:1',
    TYKMETRICS_METRIC_PREFIX: 'a',
  };
  const { line, child, ended } = program(t, source, { env });
  const url = await line();
  assert.equal((await fetch(`${url}/env`)).status, 200);
  child.kill();
  const { errors } = await ended;
  assert.equal(
    errors.match(/environment TYKMETRICS_METRIC_PREFIX: metric_prefix is for/g)?.length,
    1,
    errors,
  );
});

test('that anybody may ask beyond this machine is warned of once', async (t) => {
  const warnings = [];
  const listener = (warning) => warnings.push(warning);
  process.on('warning', listener);
  t.after(() => process.off('warning', listener));
  const server = await serve(t, { registry: filled().registry, host: '0.0.0.0' });
  await scrape(server);
  await scrape(server);
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.deepEqual(
    warnings.map(({ name, code }) => [name, code]),
    [['TykmetricsWarning', 'TYKMETRICS_SERVER']],
  );
  assert.match(warnings[0].message, /anybody.*auth\.basic/);
});
