'use strict';

/** The package as it is published: what is in it, and that it works where it is installed. */

const assert = require('node:assert/strict');
const { execFileSync, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { after, before, test } = require('node:test');

const ROOT = path.join(__dirname, '..');
const manifest = require('../package.json');

const npm = (cwd, ...args) =>
  execFileSync('npm', args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
const read = (...parts) => fs.readFileSync(path.join(...parts), 'utf8');

/** Writes files of a project, by name. */
function write(folder, files) {
  for (const [name, content] of Object.entries(files)) {
    fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    const text = typeof content === 'string' ? content : JSON.stringify(content);
    fs.writeFileSync(path.join(folder, name), text);
  }
}

function run(folder, ...args) {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: folder,
    encoding: 'utf8',
    timeout: 120_000,
  });
  assert.equal(status, 0, stderr + stdout);
  return stdout;
}

/** A package of somebody else's, which knows prom-client and nothing of this one. */
const SHOP = {
  'shop/package.json': {
    name: 'shop',
    version: '1.0.0',
    main: 'index.js',
    peerDependencies: { 'prom-client': '^15.1.0' },
  },
  'shop/index.js':
    "const client = require('prom-client');\n" +
    "exports.client = client;\nexports.sold = new client.Counter({ name: 'sold_total', help: 'Sold' });\n",
};

/** What the README has a program do, with its own blocks. */
function standIn() {
  const readme = read(ROOT, 'README.md');
  const [description, program] = Array.from(readme.matchAll(/```json\n(.*?)```/gs), ([, text]) =>
    JSON.parse(text),
  );
  const [, index] = readme.match(/```js\n(module\.exports.*?)```/s);
  const [, types] = readme.match(/an `index\.d\.ts` that says `(.*?)`/);
  return {
    program,
    files: {
      'vendor/prom-client/package.json': description,
      'vendor/prom-client/index.js': index,
      'vendor/prom-client/index.d.ts': types,
    },
  };
}

let temporary;
let packed;
let project;
let installed;

before(() => {
  temporary = fs.mkdtempSync(path.join(os.tmpdir(), 'tykmetrics-package-'));
  [packed] = JSON.parse(npm(ROOT, 'pack', '--json', '--pack-destination', temporary));
  project = path.join(temporary, 'project');
  installed = path.join(project, 'node_modules', 'tykmetrics');
  const { program, files } = standIn();
  write(project, {
    ...SHOP,
    ...files,
    'package.json': {
      name: 'project',
      private: true,
      dependencies: {
        shop: 'file:shop',
        tykmetrics: `file:../${packed.filename}`,
        ...program.dependencies,
      },
      overrides: program.overrides,
    },
  });
  npm(project, 'install', '--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts');
});

after(() => fs.rmSync(temporary, { recursive: true, force: true }));

const filesIn = (folder) =>
  fs
    .readdirSync(path.join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(ROOT, path.join(entry.parentPath ?? entry.path, entry.name)));

test('the package holds its modules, their types and the addons, and nothing else', () => {
  const modules = filesIn('lib');
  const types = filesIn('types');
  const addons = filesIn('prebuilds');
  const entries = ['index', 'middleware', 'prom-client'].flatMap((name) =>
    ['d.mts', 'd.ts', 'js', 'mjs'].map((ending) => `${name}.${ending}`),
  );
  assert.ok(
    modules.every((file) => file.endsWith('.js')),
    'only modules are in lib',
  );
  assert.ok(
    types.every((file) => file.endsWith('.d.ts')),
    'only declarations are in types',
  );
  assert.ok(addons.length > 0, 'no addon was built');
  assert.ok(
    addons.every((file) => /^prebuilds\/[a-z0-9]+-[a-z0-9]+(-[a-z]+)?\/tykmetrics\.node$/.test(file)),
    `${addons}`,
  );
  const expected = [
    'LICENSE',
    'LICENSE-APACHE',
    'README.md',
    'package.json',
    ...entries,
    ...modules,
    ...types,
    ...addons,
  ];
  assert.deepEqual(packed.files.map((file) => file.path).sort(), expected.sort());
});

test('every file that the manifest names is in the package', () => {
  const entries = Object.values(manifest.exports).flatMap((entry) =>
    typeof entry === 'string' ? [entry] : Object.values(entry).flatMap((files) => Object.values(files)),
  );
  assert.equal(entries.length, 13);
  for (const name of [...entries, manifest.main, manifest.types]) {
    assert.ok(
      packed.files.some((file) => `./${file.path}` === name),
      name,
    );
  }
});

test('types come before code in every entry, as compilers read them', () => {
  for (const [name, conditions] of Object.entries(manifest.exports)) {
    if (typeof conditions === 'string') continue;
    for (const way of ['import', 'require']) {
      assert.deepEqual(Object.keys(conditions[way]), ['types', 'default'], `${name} by ${way}`);
    }
  }
});

test('the version is the workspace’s', () => {
  const workspace = read(ROOT, '..', 'Cargo.toml').split('[workspace.package]')[1];
  assert.equal(manifest.version, workspace.match(/^version = "(.*)"$/m)[1]);
  assert.equal(require('../package-lock.json').version, manifest.version);
});

test('the licences are those of the repository', () => {
  // No links: npm leaves links out.
  for (const name of ['LICENSE', 'LICENSE-APACHE'])
    assert.equal(read(ROOT, name), read(ROOT, '..', name), name);
  assert.match(read(ROOT, '..', 'Cargo.toml'), new RegExp(`^license = "${manifest.license}"$`, 'm'));
});

test('lock files name no registry, and development tools have exact versions', () => {
  for (const folder of [ROOT, path.join(ROOT, 'test', 'runtimes')]) {
    const lock = JSON.parse(read(folder, 'package-lock.json'));
    for (const [name, { resolved, integrity }] of Object.entries(lock.packages)) {
      assert.equal(resolved, undefined, name);
      assert.ok(name === '' || integrity, `${name} has no checksum`);
    }
  }
  for (const [name, version] of Object.entries(manifest.devDependencies)) {
    assert.match(version, /^(npm:.+@)?\d+\.\d+\.\d+$/, name);
  }
});

test('what is installed beside it is tdigest, and runs nothing', () => {
  assert.deepEqual(manifest.dependencies, { tdigest: '^0.1.3' });
  for (const name of ['preinstall', 'install', 'postinstall'])
    assert.equal(manifest.scripts[name], undefined, name);
  const folders = fs.readdirSync(path.join(project, 'node_modules')).filter((name) => !name.startsWith('.'));
  assert.deepEqual(folders.sort(), ['bintrees', 'prom-client', 'shop', 'tdigest', 'tykmetrics']);
});

const COUNT = `const counter = new Counter({ name: 'a_total', help: 'a' }); counter.inc(2);
const summary = new Summary({ name: 'b', help: 'b' }); summary.observe(1);
register.metrics().then((text) => console.log(text.includes('a_total 2') && text.includes('b_count 1')));`;

for (const name of ['tykmetrics', 'tykmetrics/prom-client']) {
  test(`${name} works in CommonJS where it is installed`, () => {
    write(project, { 'a.cjs': `const { Counter, Summary, register } = require('${name}');\n${COUNT}` });
    assert.equal(run(project, 'a.cjs'), 'true\n');
  });

  test(`${name} works in an ES module where it is installed`, () => {
    write(project, { 'a.mjs': `import { Counter, Summary, register } from '${name}';\n${COUNT}` });
    assert.equal(run(project, 'a.mjs'), 'true\n');
  });
}

test('a package that requires prom-client gets the drop-in, in the registry of the program', () => {
  write(project, {
    'b.cjs': `const { client, sold } = require('shop');
const dropIn = require('tykmetrics/prom-client');
const { register } = require('tykmetrics');
sold.inc(3);
register.metrics().then((text) => console.log(client === dropIn, text.includes('sold_total 3')));`,
    'b.mjs': `import client, { Counter, register } from 'prom-client';
import { register as own } from 'tykmetrics';
import * as dropIn from 'tykmetrics/prom-client';
console.log(Counter === dropIn.Counter, register === own, client === dropIn.default);`,
  });
  assert.equal(run(project, 'b.cjs'), 'true true\n');
  assert.equal(run(project, 'b.mjs'), 'true true true\n');
});

test('an alias of the package itself is prom-client by name too', () => {
  const aliased = path.join(temporary, 'aliased');
  write(aliased, {
    'package.json': {
      name: 'aliased',
      private: true,
      dependencies: { shop: 'file:../project/shop', 'prom-client': `file:../${packed.filename}` },
      overrides: { 'prom-client': '$prom-client' },
    },
  });
  npm(
    aliased,
    'install',
    '--prefer-offline',
    '--no-audit',
    '--no-fund',
    '--ignore-scripts',
    '--install-links',
  );
  write(aliased, {
    'a.cjs': "const { client, sold } = require('shop'); sold.inc(); console.log(typeof client.renderSync);",
  });
  assert.equal(run(aliased, 'a.cjs'), 'function\n');
});

const PROGRAM = `import { Counter, type LabelValues } from 'tykmetrics';
import { Gauge } from 'tykmetrics/prom-client';
import { instrumentHttp } from 'tykmetrics/middleware';
import { Histogram } from 'prom-client';
const labels: LabelValues<'a'> = { a: 1 };
new Counter({ name: 'a_total', help: 'a', labelNames: ['a'] }).inc(labels);
new Gauge({ name: 'b', help: 'b' }).set(1);
new Histogram({ name: 'c', help: 'c' }).observe(1);
instrumentHttp(() => undefined);
// @ts-expect-error a label that is misspelt
new Counter({ name: 'a_total', help: 'a', labelNames: ['a'] }).inc({ b: 1 });
`;
const RESOLUTIONS = [
  ['typescript', 'node16', 'node16', ['c.mts', 'c.cts']],
  ['typescript', 'nodenext', 'nodenext', ['c.mts', 'c.cts']],
  ['typescript', 'esnext', 'bundler', ['c.mts', 'c.ts']],
  ['typescript5', 'node16', 'node16', ['c.mts', 'c.cts']],
  ['typescript5', 'esnext', 'bundler', ['c.mts', 'c.ts']],
  ['typescript5', 'commonjs', 'node10', ['c.ts']],
];

for (const [compiler, module, resolution, files] of RESOLUTIONS) {
  const { version } = require(`${compiler}/package.json`);
  test(`TypeScript ${version} finds the types where it is installed, as ${resolution} does`, () => {
    write(project, Object.fromEntries(files.map((name) => [name, PROGRAM])));
    const types = path.join(project, 'node_modules', '@types');
    if (!fs.existsSync(types)) fs.symlinkSync(path.join(ROOT, 'node_modules', '@types'), types);
    const tsc = path.join(path.dirname(require.resolve(`${compiler}/package.json`)), 'bin', 'tsc');
    run(
      project,
      ...[tsc, '--strict', '--noEmit', '--target', 'es2022', '--types', 'node'],
      ...['--module', module, '--moduleResolution', resolution, ...files],
    );
  });
}

test('a package without an addon for the platform says so, with a code and the platform’s name', () => {
  const bare = path.join(temporary, 'bare', 'node_modules', 'tykmetrics');
  fs.cpSync(installed, bare, { recursive: true, filter: (file) => path.basename(file) !== 'prebuilds' });
  const platform = `${os.platform()}-${os.arch()}`;
  const told = `console.log(error.code, error.message.includes('${platform}'), error.message.includes('has nothing'));`;
  write(path.join(temporary, 'bare'), {
    'a.cjs': `try { require('tykmetrics'); } catch (error) { ${told} }`,
    'a.mjs': `try { await import('tykmetrics/prom-client'); } catch (error) { ${told} }`,
  });
  for (const name of ['a.cjs', 'a.mjs']) {
    // Its exit code is not looked at: Node 20 ends a program whose import of CommonJS throws, though it is caught.
    const { stdout } = spawnSync(process.execPath, [name], {
      cwd: path.join(temporary, 'bare'),
      encoding: 'utf8',
    });
    assert.equal(stdout, 'ERR_TYKMETRICS_NO_ADDON true true\n');
  }
});

test('an addon that does not load is told of, with the reason', () => {
  const broken = path.join(temporary, 'broken', 'node_modules', 'tykmetrics');
  fs.cpSync(installed, broken, { recursive: true });
  for (const name of fs.readdirSync(path.join(broken, 'prebuilds'))) {
    fs.writeFileSync(path.join(broken, 'prebuilds', name, 'tykmetrics.node'), 'not an addon');
  }
  const program = "try { require('tykmetrics'); } catch (error) { console.log(error.code, error.message); }";
  const printed = run(path.join(temporary, 'broken'), '-e', program);
  assert.match(
    printed,
    /^ERR_TYKMETRICS_NO_ADDON .*(invalid ELF header|file too short|not a mach-o|slice is not valid)/,
  );
});
