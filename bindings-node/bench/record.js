'use strict';

/**
 * What a run found: as data, as tables, and against what was asked for. Called by `compare.js`.
 *
 * The names in the data are those of the records of the other languages.
 */

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const jobs = require('./jobs');
const memory = require('./memory');
const requests = require('./requests');
const scrapes = require('./scrapes');
const { OURS, PEER, median } = require('./timing');

const PEERS = [
  'prom-client',
  '@opentelemetry/sdk-metrics',
  '@opentelemetry/api',
  'fastify',
  'fastify-metrics',
];

/** How many times as much prom-client is to need. */
const FASTER = {
  [jobs.INC]: 40,
  [jobs.OBSERVE]: 40,
  [jobs.LITERAL]: 8,
  [jobs.VARIED]: 8,
  [jobs.BY_PLACE]: 10,
  [jobs.BY_PLACE_VARIED]: 10,
  [`${scrapes.RENDER} counters`]: 80,
  [memory.JOB]: 4,
};

/** What ours may be at most, in the result's own unit. */
const UNDER = { [requests.REQUEST]: 60, [`${scrapes.HELD} counters`]: 1 };

/** The share of requests that measuring may cost a service. */
const FEWEST = 0.01;

class Record {
  constructor(rounds, seconds, isQuick) {
    this.rounds = rounds;
    this.seconds = seconds;
    this.quick = isQuick;
    this.machine = machine();
    this.date = new Date().toISOString().replace(/\.\d+Z/, '+00:00');
    this.results = [];
    this.gateways = [];
    this.gateways_absent = 'not asked for';
    this.targets = [];
  }

  /** A result by its job; those of scrapes go on with how many series of what kind. */
  find(job, side) {
    return this.results.find((each) => each.side === side && nameOf(each.job) === job);
  }

  /** Fills in the ratios, each the median of the rounds' own. */
  compare() {
    for (const result of this.results) {
      const ours = this.results.find((each) => each.job === result.job && each.side === OURS);
      // Of next to nothing there is no ratio.
      if (ours === undefined || ours.rounds.some((own) => own <= 0.01)) continue;
      result.times_ours = median(result.rounds.map((one, round) => one / ours.rounds[round]));
    }
  }

  /** Holds what was asked against what was measured. What was not measured is not met. */
  judge() {
    for (const [what, times] of Object.entries(FASTER)) {
      const asked = `${times}x ${what === memory.JOB ? 'less' : 'faster'} than ${PEER}`;
      const ours = this.find(what, OURS);
      const peer = this.find(what, PEER);
      this.hold(
        what,
        asked,
        peer?.times_ours,
        (ratio) => ratio >= times,
        (ratio) => {
          return `${ratio.toFixed(1)}x (${short(ours.value)} against ${short(peer.value)} ${ours.unit})`;
        },
      );
    }
    for (const [what, limit] of Object.entries(UNDER)) {
      const ours = this.find(what, OURS);
      const asked = `under ${limit} ${what === requests.REQUEST ? 'ns' : 'ms'}`;
      this.hold(
        what,
        asked,
        ours?.value,
        (value) => value < limit,
        (value) => `${short(value)} ${ours.unit}`,
      );
    }
    const service = this.gateways.find((each) => each.metrics === OURS);
    const isFew = (share) => share < FEWEST;
    this.hold(
      'service under load',
      `under ${percent(FEWEST)} fewer requests`,
      service?.fewer,
      isFew,
      percent,
    );
    const asked = `under ${percent(FEWEST)} more instructions`;
    this.hold("service's request", asked, service?.more, isFew, percent);
  }

  hold(what, asked, figure, isMet, show) {
    const isThere = figure !== undefined && figure !== null;
    this.targets.push({
      what,
      asked,
      measured: isThere ? show(figure) : '-',
      verdict: isThere ? (isMet(figure) ? 'met' : 'MISSED') : 'not measured',
    });
  }

  /** The tables. */
  text() {
    const { machine: m } = this;
    const versions = Object.entries(m.versions).map(([name, version]) => `${name} ${version}`);
    return [
      `# Node: tykmetrics beside its peers, ${this.date.slice(0, 10)} (${this.quick ? 'quick' : 'full'} run)`,
      `${m.cpu}, ${m.cpus} CPUs, ${m.kernel} ${m.arch}, Node ${m.node}, V8 ${m.v8}`,
      `${versions.join(', ')}.${m.commit ? ` Commit ${m.commit}.` : ''}`,
      `Medians of ${this.rounds} rounds of ${this.seconds} s, contenders in turn, each in a process of its own; "times ours" is the ` +
        "median of each round's ratio. Trust the ratios of one run, not single figures.",
      '## Asked and measured',
      table(['asked of', 'what', 'measured', 'verdict'], this.targets.map(Object.values)),
      '## Measured',
      table(['job', 'contender', 'median', 'lowest', 'highest', '', 'times ours'], this.rows()),
      '## A Fastify service under load',
      this.services(),
    ].join('\n\n');
  }

  rows() {
    let last;
    return this.results.map(({ job, side, value, unit, rounds, times_ours: ratio }) => {
      const name = job === last ? '' : job;
      last = job;
      const figures = [value, Math.min(...rounds), Math.max(...rounds)].map(short);
      return [name, side, ...figures, unit, ratio === null ? '' : ratio.toFixed(2)];
    });
  }

  services() {
    if (this.gateways.length === 0) return `None: ${this.gateways_absent}.\n`;
    const rows = this.gateways.map((service) => [
      service.metrics,
      ...[service.requests_per_second, service.lowest, service.highest].map((figure) => figure.toFixed(0)),
      percent(service.fewer),
      service.instructions?.toFixed(0) ?? '',
      service.more === null ? '' : percent(service.more),
    ]);
    const head = ['metrics', 'requests/s', 'lowest', 'highest', 'fewer than off', 'instructions', 'more'];
    return `${table(head, rows)}\n`;
  }

  /** Leaves the record for programs and for people. */
  write(name, text) {
    fs.mkdirSync(path.dirname(path.resolve(name)), { recursive: true });
    fs.writeFileSync(`${name}.json`, `${JSON.stringify(this, null, 2)}\n`);
    fs.writeFileSync(`${name}.md`, text);
  }
}

/** A job's name without how many series it has. */
function nameOf(job) {
  return job.replace(/ of [\d,]+ /, ' ');
}

/** Where this runs, and with what. */
function machine() {
  return {
    cpu: os.cpus()[0]?.model.trim() ?? 'unknown',
    cpus: os.availableParallelism(),
    kernel: `${os.type()} ${os.release()}`,
    arch: os.machine(),
    node: process.versions.node,
    v8: process.versions.v8,
    memory: process.env.TYKMETRICS_MEMORY ?? 'engine',
    commit: commit(),
    versions: Object.fromEntries([
      ['tykmetrics', versionOf('..')],
      ...PEERS.map((name) => [name, versionOf(name)]),
    ]),
  };
}

/** The version of a package, which need not let its `package.json` be required. */
function versionOf(name) {
  const folders =
    name === '..' ? [path.join(__dirname, '..')] : (module.paths ?? []).map((one) => path.join(one, name));
  const file = folders.map((folder) => path.join(folder, 'package.json')).find((one) => fs.existsSync(one));
  return file === undefined ? 'absent' : JSON.parse(fs.readFileSync(file, 'utf8')).version;
}

function commit() {
  try {
    const args = ['describe', '--always', '--dirty= with changes', '--abbrev=12', '--exclude=*'];
    return execFileSync('git', args, {
      cwd: __dirname,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return '';
  }
}

/** As many digits as mean something. */
function short(value) {
  return Math.abs(value) < 1000 ? value.toFixed(2) : value.toFixed(0);
}

function percent(share) {
  return `${(share * 100).toFixed(2)}%`;
}

/** A table that is aligned for those who read it as it is. */
function table(head, rows) {
  const widths = head.map((_, at) => Math.max(3, ...[head, ...rows].map((row) => row[at].length)));
  const line = (cells, fill = ' ') =>
    `| ${cells.map((cell, at) => cell.padEnd(widths[at], fill)).join(' | ')} |`;
  return [
    line(head),
    line(
      head.map(() => ''),
      '-',
    ),
    ...rows.map((row) => line(row)),
  ].join('\n');
}

module.exports = Record;
