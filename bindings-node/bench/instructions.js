'use strict';

/**
 * Instructions that a service needs for a request, counted by valgrind's cachegrind.
 *
 * No busy neighbour changes them, as it does requests per second, by more than what is looked for. V8 runs on one thread for
 * that, or what its other threads have done by the end would be chance; all that a service does is compiled before the fewest
 * requests are over, so what two runs do not have in common is requests alone. Where objects lie and what V8 guesses by then is
 * not the same for every seed of its hashes, so they are counted with several. They are those of user space: what the kernel
 * does for a request is not among them. Called by `middleware.js`.
 */

const { spawn } = require('node:child_process');
const { once } = require('node:events');
const net = require('node:net');
const path = require('node:path');
const { setTimeout: pause } = require('node:timers/promises');

/** Requests of two runs. The fewer are enough for V8's last compiler to be through with the service. */
const FEW = 10_000;
const MANY = 15_000;

const REQUEST = 'GET /users/7 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n';

/** The instructions of a request to the service with these metrics, by seed. */
async function ofARequest(metrics, seeds) {
  const counts = [];
  for (let seed = 1; seed <= seeds; seed += 1) {
    // As this is no matter of time, two at once.
    const [many, few] = await Promise.all([MANY, FEW].map((requests) => ofARun(metrics, requests, seed)));
    counts.push((many - few) / (MANY - FEW));
  }
  return counts;
}

/** Counts a service's whole life. */
async function ofARun(metrics, requests, seed) {
  const flags = ['--single-threaded', `--hash-seed=${seed}`, `--random-seed=${seed}`];
  const service = spawn(
    'valgrind',
    [
      ...['--tool=cachegrind', '--cache-sim=no', '--cachegrind-out-file=/dev/null'],
      ...[process.execPath, ...flags, path.join(__dirname, 'service.js'), metrics],
    ],
    { stdio: ['pipe', 'pipe', 'pipe'] },
  );
  let said = '';
  service.stderr.on('data', (text) => (said += text));
  const ended = once(service, 'close');
  const [port] = await once(service.stdout, 'data');
  await ask(Number(port), requests);
  service.stdin.end();
  await ended;
  const found = said.match(/I\s+refs:\s+([\d,]+)/);
  if (!found) throw new Error(`valgrind said:\n${said}`);
  return Number(found[1].replaceAll(',', ''));
}

/** Sends requests one after another over one connection. */
async function ask(port, requests) {
  const socket = net.connect(port, '127.0.0.1');
  await once(socket, 'connect');
  for (let n = 0; n < requests; n += 1) {
    socket.write(REQUEST);
    let answer = '';
    while (!answer.endsWith('}')) answer += (await once(socket, 'data'))[0];
    if (!answer.startsWith('HTTP/1.1 200')) throw new Error(`the service answered ${answer}`);
  }
  socket.end();
  await pause(100);
}

module.exports = { ofARequest };
