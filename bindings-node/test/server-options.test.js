'use strict';

/** What a user says of a server becomes the keys of docs/configuration.md. */

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const test = require('node:test');
const { settingsOf, snake } = require('../lib/server-options');

const DOCUMENT = path.join(__dirname, '..', '..', 'docs', 'configuration.md');

/** Every key of the document. */
function documented() {
  const text = fs.readFileSync(DOCUMENT, 'utf8');
  const [, table] = text.match(/<!-- keys -->(.*?)<!-- end -->/s);
  return Array.from(table.matchAll(/^\| `([^`]+)` \|/gm), ([, key]) => key);
}

const camel = (key) => key.replace(/_(\w)/g, (_, letter) => letter.toUpperCase());

test('every key of the document is reached by its name in camelCase', () => {
  const keys = documented();
  assert.ok(keys.length >= 30, `${keys.length} keys`);
  for (const key of keys) {
    const names = key.split('.');
    assert.deepEqual(names.map(camel).map(snake), names);
    if (/^(metric_prefix|collectors|slow_request)/.test(key)) continue;
    const value = key === 'labels' ? {} : 'x';
    const options = names.map(camel).reduceRight((below, name) => ({ [name]: below }), value);
    const settings = settingsOf(options);
    const found = names.reduce((at, name) => at?.[name], settings);
    assert.deepEqual(found, value, key);
  }
});

test('names keep what is no capital, and capitals that follow each other are one word', () => {
  const names = { clientCa: 'client_ca', clientCA: 'client_ca', client_ca: 'client_ca', path: 'path' };
  for (const [from, to] of Object.entries(names)) assert.equal(snake(from), to);
});

test('a host and a port become one address', () => {
  const listens = [
    [{ port: 0 }, '127.0.0.1:0'],
    [{ host: '::1', port: 9464 }, '[::1]:9464'],
    [{ host: '[::1]', port: '9464' }, '[::1]:9464'],
    [{ host: 'metrics.example' }, 'metrics.example:9090'],
    [{ host: '', port: 1 }, ':1'],
    [{ listen: 'unix:/run/m.sock' }, 'unix:/run/m.sock'],
    [{ port: undefined }, undefined],
    [{ port: null, host: '0.0.0.0' }, '0.0.0.0:9090'],
  ];
  for (const [options, listen] of listens) assert.equal(settingsOf(options).listen, listen);
});

test('a name and a password are two keys of authentication', () => {
  const auth = { basic: { name: 'a', password: 'b', passwordFile: '/f' }, bearer: 'c' };
  const flat = { basic_name: 'a', basic_password: 'b', basic_password_file: '/f', bearer: 'c' };
  assert.deepEqual(settingsOf({ auth }), { auth: flat });
});

test('files may be URLs, and what is undefined says nothing', () => {
  const tls = { cert: new URL('file:///etc/a%20b.pem'), key: undefined };
  assert.deepEqual(settingsOf({ tls }), { tls: { cert: '/etc/a b.pem' } });
});

test('labels are taken as they are', () => {
  assert.deepEqual(settingsOf({ labels: { someApp: 'x' } }), { labels: { someApp: 'x' } });
});

test('what no setting can be is an error that names the key', () => {
  const wrong = [
    [{ limits: { scrapeTimeout: () => 1 } }, /limits\.scrape_timeout/],
    [{ tls: { cert: Symbol('x') } }, /tls\.cert/],
    [{ limits: { connections: 1n } }, /limits\.connections/],
    [{ port: 1, listen: ':2' }, /listen/],
    [{ metricPrefix: 'a' }, /metric_prefix.*collectDefaultMetrics/],
    [{ collectors: { process: true } }, /collectors/],
    [{ slowRequest: 1 }, /slow_request/],
    [7, /object/],
  ];
  for (const [options, message] of wrong) {
    assert.throws(() => settingsOf(options), { code: 'ERR_TYKMETRICS_CONFIG', message });
  }
});

test('labels that are missing are none, and a value that is none is refused as that of any key', () => {
  const labels = { version: 2, isCanary: true, missing: undefined };
  assert.deepEqual(settingsOf({ labels }), { labels: { version: 2, isCanary: true } });
  for (const value of [1n, Symbol('a'), () => 1, { b: 1 }, [1n]]) {
    const refused = { name: 'Error', code: 'ERR_TYKMETRICS_CONFIG', message: /^labels\.a is \[object/ };
    assert.throws(() => settingsOf({ labels: { a: value } }), refused);
  }
});
