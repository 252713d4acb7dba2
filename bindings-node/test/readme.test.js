'use strict';

/** What the README shows is part of an example as it stands, and every example runs and prints what a reader looks for. */

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const test = require('node:test');
const ts = require('typescript5');

const ROOT = path.join(__dirname, '..');
const EXAMPLES = path.join(ROOT, 'examples');

/** By example, what it prints. */
const PRINTED = {
  'express.mjs': ['http_requests_total{endpoint="/users/:id",method="GET"} 1'],
  'fastify.mjs': ['http_requests_total{endpoint="/users/:id",method="GET"} 1'],
  'formats.mjs': ['200 text/plain; version=0.0.4'],
  'koa.mjs': ['http_requests_total{endpoint="/users/:id",method="GET"} 1'],
  'quick-start.js': [
    'app_requests_total{method="GET",status="200"} 2',
    'app_request_duration_seconds_count 2',
  ],
  'quick-start.mjs': [
    'app_requests_total{method="GET",status="200"} 2',
    'app_request_duration_seconds_count 2',
  ],
  'quick-start.ts': [
    'app_requests_total{method="GET",status="200"} 2',
    'app_request_duration_seconds_count 2',
  ],
  'requests.mjs': [
    'hello #',
    'http_requests_total{endpoint="/api/chat",method="POST"} 1',
    'http_requests_total{endpoint="openai.complete",method="CALL"} 1',
    'model_requests_total{model="gpt-4"} 1',
    'provider_requests_total{provider="openai"} 2',
    'cache_hits_total 1',
    'db_queries_total 1',
    'external_api_errors_total{service="mail"} 1',
  ],
  'server.mjs': ['http://127.0.0.1:', 'app_jobs_total 1', 'and ended'],
  'workers.mjs': ['app_jobs_total 2'],
};

/** The blocks of a document in a language, and where each says it is from. */
function blocks(document, language) {
  const found = document.matchAll(
    new RegExp(`(?:<!-- from (\\S+) -->\\n)?\`\`\`${language}\\n(.*?)\`\`\``, 'gs'),
  );
  return Array.from(found, ([, from, code]) => ({ from, code }));
}

function run(file) {
  const args = ['--require', path.join(__dirname, 'visitor.js'), file];
  const options = { encoding: 'utf8', timeout: 60_000, env: { ...process.env, PORT: '0' } };
  const { status, stdout, stderr } = spawnSync(process.execPath, args, options);
  assert.equal(status, 0, stderr);
  return stdout;
}

/** A folder in which `tykmetrics` is this package, with a program of TypeScript's without its types. */
function stripped(file) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'tykmetrics-example-'));
  fs.mkdirSync(path.join(folder, 'node_modules'));
  fs.symlinkSync(ROOT, path.join(folder, 'node_modules', 'tykmetrics'));
  const { outputText } = ts.transpileModule(fs.readFileSync(file, 'utf8'), {
    compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 },
  });
  const program = path.join(folder, 'program.mjs');
  fs.writeFileSync(program, outputText);
  return program;
}

const readme = fs.readFileSync(path.join(ROOT, 'README.md'), 'utf8');

test('every program of the README is part of an example that is run', () => {
  const shown = blocks(readme, 'js').filter(({ code }) => !code.startsWith('module.exports'));
  assert.ok(shown.length >= 7, `${shown.length} blocks`);
  for (const { from, code } of shown) {
    assert.ok(from, `does not say where it is from:\n${code}`);
    const name = from.replace('bindings-node/examples/', '');
    assert.ok(Object.hasOwn(PRINTED, name), `no test runs ${from}`);
    for (const part of code.split('\n\n')) {
      const example = fs.readFileSync(path.join(EXAMPLES, name), 'utf8');
      assert.ok(example.includes(part), `not in ${from} as it stands:\n${part}`);
    }
  }
});

test('every example is run', () => {
  assert.deepEqual(fs.readdirSync(EXAMPLES).sort(), Object.keys(PRINTED).sort());
});

for (const [name, lines] of Object.entries(PRINTED)) {
  test(`the example ${name} prints what a reader looks for`, () => {
    const file = path.join(EXAMPLES, name);
    const printed = run(name.endsWith('.ts') ? stripped(file) : file);
    for (const line of lines) assert.ok(printed.includes(line), `${line} is not in\n${printed}`);
  });
}

test('what stands in the place of prom-client is JSON', () => {
  const [description, program] = blocks(readme, 'json').map(({ code }) => JSON.parse(code));
  assert.equal(description.name, 'prom-client');
  assert.equal(description.version, require('prom-client/package.json').version);
  assert.deepEqual(program.overrides, { 'prom-client': '$prom-client' });
});

test('the version that is installed in the README is the package’s', () => {
  const { version } = require('../package.json');
  assert.match(readme, new RegExp(`npm install \\./tykmetrics-${version.replaceAll('.', '\\.')}\\.tgz`));
});
