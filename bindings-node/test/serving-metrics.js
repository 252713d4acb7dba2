'use strict';

/** What tests of the metrics server share: servers that end with their test, scrapes, and programs of their own. */

const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const path = require('node:path');
const readline = require('node:readline');
const { startHttpServer } = require('tykmetrics');

/** A server on a free port that ends with the test. */
async function serve(t, options) {
  const server = await startHttpServer({ port: 0, ...options });
  t.after(() => server.close());
  return server;
}

/** A scrape by a connection of its own. */
async function scrape(server, { path: at = '/metrics', ...options } = {}) {
  const headers = { connection: 'close', ...options.headers };
  const answer = await fetch(`${server.url}${at}`, { ...options, headers });
  return { status: answer.status, headers: answer.headers, text: await answer.text() };
}

/** The value of a series in a text. */
function valueOf(text, series) {
  const line = text.split('\n').find((line) => line.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length + 1));
}

/** What something comes to, once it is not undefined. It may take a while on a busy machine. */
async function until(what, run) {
  const limit = Date.now() + 20_000;
  while (Date.now() < limit) {
    const found = await run();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`not within 20 s: ${what}`);
}

/** What servers of this process warn of, as it comes. */
function warned(t) {
  const warnings = [];
  const listener = ({ name, message }) => name === 'TykmetricsWarning' && warnings.push(message);
  process.on('warning', listener);
  t.after(() => process.off('warning', listener));
  return warnings;
}

/** A program of its own that has the package as `tykmetrics`: its lines, one by one, and its end. */
function program(t, source, { env, runs = [] } = {}) {
  const child = spawn(process.execPath, [...runs, '-e', source], {
    cwd: path.join(__dirname, '..'),
    env: { ...process.env, ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  t.after(() => child.kill('SIGKILL'));
  let errors = '';
  child.stderr.on('data', (bytes) => (errors += bytes));
  const lines = readline.createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ended = new Promise((resolve) => {
    child.on('close', (code, signal) => resolve({ code, signal, errors }));
  });
  return {
    child,
    ended,
    async line() {
      const { value, done } = await lines.next();
      assert.ok(!done, `ended without a line: ${errors}`);
      return value;
    },
  };
}

module.exports = { program, scrape, serve, until, valueOf, warned };
