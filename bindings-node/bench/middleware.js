'use strict';

/**
 * Requests per second of a service under load, with each kind of metrics and with none, all in turn.
 *
 * wrk loads one service at a time, from another process. Every round has processes of its own, since two of the very same service
 * differ by more than what is looked for: by where things lie in memory, by what V8 compiles when, and in the seeds of hashes.
 * Within a round the services are loaded for a second each, over and over, since the machine is not the same a minute later.
 * Promised: a service with metrics has counted every request that was answered. Called by `compare.js`.
 */

const { execFileSync, spawn } = require('node:child_process');
const { once } = require('node:events');
const path = require('node:path');
const { COUNTED, ENDS, HOOK, OFF, PLUGIN } = require('./service');
const { ofARequest } = require('./instructions');
const { sumOf } = require('./contenders');
const { OURS, PEER, median, turned } = require('./timing');

const JOB = 'service';

const KINDS = [OFF, HOOK, ENDS, OURS, PEER, PLUGIN];

const CONNECTIONS = 32;

/** A service in a process of its own. */
class Running {
  static async start(metrics) {
    const running = new Running();
    running.metrics = metrics;
    running.answered = 0;
    running.loads = 0;
    running.process = spawn(process.execPath, [path.join(__dirname, 'service.js'), metrics], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const [port] = await once(running.process.stdout, 'data');
    running.address = `http://127.0.0.1:${String(port).trim()}`;
    return running;
  }

  async stop() {
    const ended = once(this.process, 'exit');
    this.process.stdin.end();
    await ended;
  }

  /** Has one thread of wrk keep the connections busy for a second, and tells the requests per second. */
  load() {
    const args = ['-t1', `-c${CONNECTIONS}`, '-d1s', `${this.address}/users/7`];
    const said = execFileSync('wrk', args, { encoding: 'utf8' });
    const perSecond = said.match(/Requests\/sec:\s+([0-9.]+)/);
    const requests = said.match(/(\d+) requests in/);
    if (!perSecond || !requests || /Non-2xx|Socket errors/.test(said)) throw new Error(`wrk said:\n${said}`);
    this.answered += Number(requests[1]);
    this.loads += 1;
    return Number(perSecond[1]);
  }

  /** Makes sure that the service counted what wrk had an answer to; what it left when its time was over may be counted too. */
  async check() {
    if (COUNTED[this.metrics] === undefined) return;
    const answer = await fetch(`${this.address}/metrics`);
    const text = await answer.text();
    const ofRoute = text.split('\n').filter((line) => line.includes('"/users/:user"'));
    const counted = sumOf(ofRoute.join('\n'), COUNTED[this.metrics]);
    if (counted < this.answered || counted > this.answered + CONNECTIONS * this.loads) {
      throw new Error(
        `the service with ${this.metrics} answered ${this.answered} requests and counted ${counted}`,
      );
    }
  }
}

/** Loads every service in turn for one round, and tells each one's requests per second. */
async function round(turn, slices) {
  const running = [];
  try {
    for (const kind of KINDS) running.push(await Running.start(kind));
    // The first requests make series, grow heaps and are what code is compiled by.
    for (const service of running) service.load();
    const answered = running.map(() => 0);
    for (let slice = 0; slice < slices; slice += 1) {
      for (const service of turned(running, turn + slice)) {
        answered[running.indexOf(service)] += service.load() / slices;
      }
    }
    for (const service of running) await service.check();
    return answered;
  } finally {
    for (const service of running) await service.stop();
  }
}

/** What is found of a service: its requests per second, and what it has less than one without metrics. */
function found(metrics) {
  return {
    metrics,
    requests_per_second: 0,
    lowest: 0,
    highest: 0,
    // The median of each round's own loss against the service without metrics.
    fewer: 0,
    // Of a request, and how many more than without metrics.
    instructions: null,
    more: null,
    rounds: [],
  };
}

/**
 * Loads every service in turn, then counts instructions with so many seeds of hashes.
 * @returns {Promise<[object[], string]>} the services; the text says why there are none
 */
async function run(rounds, slices, seeds, say) {
  if (!isThere('wrk')) return [[], 'wrk is not installed'];
  const all = KINDS.map(found);
  for (let turn = 0; turn < rounds; turn += 1) {
    (await round(turn, slices)).forEach((figure, at) => all[at].rounds.push(figure));
    say(`services, round ${turn + 1} of ${rounds}`);
  }
  for (const service of all) {
    service.requests_per_second = median(service.rounds);
    service.lowest = Math.min(...service.rounds);
    service.highest = Math.max(...service.rounds);
    service.fewer = median(service.rounds.map((own, at) => 1 - own / all[0].rounds[at]));
  }
  if (seeds > 0 && isThere('valgrind')) await count(all, seeds, say);
  return [all, ''];
}

async function count(all, seeds, say) {
  const counted = [];
  for (const service of all) {
    counted.push(await ofARequest(service.metrics, seeds));
    service.instructions = median(counted.at(-1));
    service.more = median(counted.at(-1).map((own, at) => own / counted[0][at] - 1));
    say(`instructions of a request, ${service.metrics}`);
  }
}

/** Tells whether a program is installed. */
function isThere(program) {
  try {
    execFileSync('sh', ['-c', `command -v ${program}`], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

module.exports = { JOB, run };
