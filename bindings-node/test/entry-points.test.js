'use strict';

/** Every way into the package leads to the same objects. */

const assert = require('node:assert/strict');
const path = require('node:path');
const test = require('node:test');
const { pathToFileURL } = require('node:url');

const ROOT = path.join(__dirname, '..');
const ENTRIES = {
  tykmetrics: 'index',
  'tykmetrics/middleware': 'middleware',
  'tykmetrics/prom-client': 'prom-client',
};

for (const [name, file] of Object.entries(ENTRIES)) {
  test(`import and require of ${name} give the same names and the same objects`, async () => {
    const required = require(name);
    const imported = await import(name);
    assert.equal(required, require(path.join(ROOT, `${file}.js`)));
    assert.equal(imported, await import(pathToFileURL(path.join(ROOT, `${file}.mjs`)).href));
    assert.equal(imported.default, required);
    assert.deepEqual(
      Object.keys(imported)
        .filter((key) => key !== 'default')
        .sort(),
      Object.keys(required).sort(),
    );
    for (const [key, value] of Object.entries(required)) assert.equal(imported[key], value, key);
  });
}

test('the drop-in has the names of prom-client, each of the same kind', () => {
  const theirs = require('prom-client');
  const ours = require('tykmetrics/prom-client');
  assert.deepEqual(Object.keys(ours).sort(), Object.keys(theirs).sort());
  for (const [name, value] of Object.entries(theirs)) assert.equal(typeof ours[name], typeof value, name);
});

test('tykmetrics has every name of the drop-in', () => {
  const own = Object.keys(require('tykmetrics'));
  for (const name of Object.keys(require('tykmetrics/prom-client'))) assert.ok(own.includes(name), name);
});

test('both modules have one default registry', () => {
  const own = require('tykmetrics');
  const dropIn = require('tykmetrics/prom-client');
  assert.equal(own.register, dropIn.register);
  assert.equal(own.Registry, dropIn.Registry);
  assert.equal(own.register, own.Registry.globalRegistry);
});

test('the content type of the module is that of the default registry', () => {
  const own = require('tykmetrics');
  assert.equal(own.contentType, own.prometheusContentType);
  own.register.setContentType(own.openMetricsContentType);
  assert.equal(own.contentType, own.openMetricsContentType);
  assert.equal(require('tykmetrics/prom-client').contentType, own.openMetricsContentType);
  own.contentType = own.prometheusContentType;
  assert.equal(own.register.contentType, own.prometheusContentType);
});

test('what is in lib is nobody else’s', async () => {
  assert.equal(require('tykmetrics/package.json').name, 'tykmetrics');
  for (const name of ['tykmetrics/lib/counter.js', 'tykmetrics/index.js', 'tykmetrics/types/counter.js']) {
    assert.throws(() => require(name), { code: 'ERR_PACKAGE_PATH_NOT_EXPORTED' }, name);
    await assert.rejects(import(name), { code: 'ERR_PACKAGE_PATH_NOT_EXPORTED' }, name);
  }
});

test('loading the package makes no metric and keeps no program alive', () => {
  const { spawnSync } = require('node:child_process');
  const script = `const t = require('tykmetrics'); require('tykmetrics/middleware');
    console.log(t.register.getMetricsAsArray().length, JSON.stringify(t.register.metricsSync()));`;
  const { stdout, status } = spawnSync(process.execPath, ['-e', script], {
    cwd: ROOT,
    encoding: 'utf8',
    timeout: 30_000,
  });
  assert.deepEqual([status, stdout], [0, '0 "\\n"\n']);
});
