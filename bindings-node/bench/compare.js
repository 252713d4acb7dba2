'use strict';

/**
 * Runs every comparison with the peers, all contenders in turn, and prints medians, their ratios and what was asked.
 *
 *     node bench/compare.js --out record
 *     node bench/compare.js --quick --only counter
 *
 * `--out NAME` leaves the record as NAME.json for programs and NAME.md for people. The services need wrk; without it, or with
 * `--wrk 0`, they are left out and the output says so.
 */

const { parseArgs } = require('node:util');
const Record = require('./record');
const jobs = require('./jobs');
const memory = require('./memory');
const middleware = require('./middleware');
const scrapes = require('./scrapes');

/** Of hashes, with each of which instructions are counted: a minute or two each, so not in a quick run. */
const SEEDS = 2;

const HELP = `node bench/compare.js [options]

  --rounds N     how often each job is done by each contender
  --seconds S    how long once takes, and how long it is warmed up before
  --series N     how many counters a scrape and a memory test have; a tenth as many histograms, a fiftieth with --quick
  --wrk N        seconds that wrk loads a service in a round; 0 leaves services out
  --seeds N      of hashes, with which instructions are counted by valgrind; 0 counts none
  --only REGEX   the jobs that match
  --quick        fewer and shorter rounds
  --out NAME     where to write the record, without its ending`;

function asked() {
  const text = { type: 'string' };
  const options = {
    rounds: text,
    seconds: text,
    series: text,
    wrk: text,
    seeds: text,
    only: text,
    out: text,
  };
  const flag = { type: 'boolean' };
  const { values } = parseArgs({ options: { ...options, quick: flag, help: flag } });
  const number = (name, full, quick) => {
    const given = Number(values[name] ?? (values.quick ? quick : full));
    if (!(given >= 0)) throw new Error(`--${name} is a number`);
    return given;
  };
  return {
    rounds: number('rounds', 9, 2),
    seconds: number('seconds', 0.2, 0.03),
    series: number('series', 100_000, 100_000),
    wrk: number('wrk', 8, 1),
    seeds: number('seeds', SEEDS, 0),
    wanted: new RegExp(values.only ?? ''),
    isQuick: values.quick ?? false,
    out: values.out,
    isHelp: values.help,
  };
}

async function main() {
  const { rounds, seconds, series, wrk, seeds, wanted, isQuick, out, isHelp } = asked();
  if (isHelp) {
    console.log(HELP);
    return;
  }
  const record = new Record(rounds, seconds, isQuick);
  const chosen = jobs.JOBS.filter(({ name }) => wanted.test(name));
  record.results.push(...jobs.run(chosen, rounds, seconds, say));
  for (const [kind, many] of [
    ['counters', series],
    ['histograms', Math.ceil(series / (isQuick ? 50 : 10))],
  ]) {
    if (!wanted.test(`${scrapes.RENDER} ${kind}`) && !wanted.test(`${scrapes.HELD} ${kind}`)) continue;
    record.results.push(
      ...scrapes.run(kind, many, isQuick ? 1 : Math.max(5, rounds >> 1), isQuick ? 1 : 5, say),
    );
  }
  if (wanted.test(memory.JOB)) record.results.push(...memory.run(series, isQuick ? 1 : 5, say));
  if (wrk > 0 && wanted.test(middleware.JOB)) {
    [record.gateways, record.gateways_absent] = await middleware.run(rounds, wrk, seeds, say);
  }
  record.compare();
  record.judge();
  const text = record.text();
  process.stdout.write(text);
  if (out !== undefined) record.write(out, text);
}

/** Tells how far it is. */
function say(words) {
  process.stderr.write(`${words}\n`);
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
