'use strict';

/**
 * Instructions that a service needs for a request, counted by valgrind's callgrind.
 *
 * No busy neighbour changes them, as it does requests per second, by more than what is looked for; what V8 does besides does. So a
 * service runs on one thread, is asked until its code is compiled, and is then counted in windows of requests. The mean of those in
 * the middle is taken, since each has a collection of garbage more or less; the lowest and the highest are left out, since some have
 * a long one in them, or a function that is compiled anew. What V8 guesses by then is not the same for every seed of its hashes,
 * so there are several. They are instructions of user space: what the kernel does for a request is not among them. Called by
 * `middleware.js`.
 */

const { execFileSync, spawn } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');

/**
 * V8 collects the garbage of programs that do little, by the clock. Valgrind makes this one slow, so that some runs would count
 * such collections as if requests had made them.
 */
const NOT_IDLE = '--no-memory-reducer';

/** Requests before anything is counted: V8's last compiler is through with the service by then. */
const FIRST = 12_000;

/** Of so many requests that several collections of garbage are in each. */
const WINDOWS = 7;
const REQUESTS = 1000;

const REQUEST = 'GET /users/7 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n';

/** The instructions of a request to the service with these metrics, by seed. As this is no matter of time, all at once. */
function ofARequest(metrics, seeds) {
  return Promise.all(Array.from({ length: seeds }, (_, seed) => bySeed(metrics, seed + 1)));
}

async function bySeed(metrics, seed) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'instructions-'));
  const tool = [
    '--tool=callgrind',
    `--callgrind-out-file=${path.join(folder, 'out')}`,
    `--vgdb-prefix=${folder}/gdb`,
  ];
  const flags = ['--single-threaded', NOT_IDLE, `--hash-seed=${seed}`, `--random-seed=${seed}`];
  const program = [process.execPath, ...flags, path.join(__dirname, 'service.js'), metrics];
  const service = spawn('valgrind', [...tool, ...program], { stdio: ['pipe', 'pipe', 'ignore'] });
  const ended = once(service, 'close');
  try {
    const [port] = await once(service.stdout, 'data');
    const connection = net.connect(Number(port), '127.0.0.1');
    await once(connection, 'connect');
    // Counts since the last dump, which is the first line that says so.
    const dump = (turn) => {
      execFileSync('vgdb', [`--vgdb-prefix=${folder}/gdb`, `--pid=${service.pid}`, 'dump'], {
        stdio: 'pipe',
      });
      const text = fs.readFileSync(path.join(folder, `out.${turn}`), 'utf8');
      return Number(text.match(/^(?:summary|totals): (\d+)/m)[1]);
    };
    await ask(connection, FIRST);
    dump(1);
    const windows = [];
    for (let turn = 0; turn < WINDOWS; turn += 1) {
      await ask(connection, REQUESTS);
      windows.push(dump(turn + 2) / REQUESTS);
    }
    connection.destroy();
    return middle(windows);
  } finally {
    service.stdin.end();
    await ended;
    fs.rmSync(folder, { recursive: true });
  }
}

/** The mean of all but the lowest and the highest. */
function middle(windows) {
  const kept = windows.toSorted((a, b) => a - b).slice(1, -1);
  return kept.reduce((sum, each) => sum + each) / kept.length;
}

/** Sends requests one after another over one connection. */
async function ask(connection, requests) {
  for (let n = 0; n < requests; n += 1) {
    connection.write(REQUEST);
    let answer = '';
    while (!answer.endsWith('}')) answer += (await once(connection, 'data'))[0];
    if (!answer.startsWith('HTTP/1.1 200')) throw new Error(`the service answered ${answer}`);
  }
}

module.exports = { ofARequest };
