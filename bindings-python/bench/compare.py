"""Run every comparison with the peers, all contenders in turn, and print medians, their ratios and the targets.

    python bindings-python/bench/compare.py --out record
    python bindings-python/bench/compare.py --quick --only counter

`--out NAME` leaves the record as NAME.json for programs and NAME.txt for people. The gateways need wrk; without it, or
with `--wrk 0`, they are left out and the output says so.
"""

from __future__ import annotations

import argparse
import re
import sys

import gateways
import jobs
import memory
import scrapes
import timing
from record import Record

SEEDS = 3
"""Of hashes, with each of which instructions are counted: a minute each, so not in a quick run."""


def main() -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description="Compares tykmetrics with its peers for Python.")
    parser.add_argument("--rounds", type=int, help="how often each job is done by each contender")
    parser.add_argument("--seconds", type=float, help="how long once takes")
    parser.add_argument("--series", type=int, default=100_000, help="how many series a scrape and a memory test have")
    parser.add_argument("--wrk", type=int, help="seconds that wrk loads a gateway in a round; 0 leaves them out")
    parser.add_argument("--only", default="", help="the jobs that match this regular expression")
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds")
    parser.add_argument("--out", help="where to write the record, without its ending")
    asked = parser.parse_args()
    rounds = asked.rounds or (3 if asked.quick else 9)
    seconds = asked.seconds or (0.02 if asked.quick else 0.2)
    wrk = asked.wrk if asked.wrk is not None else (1 if asked.quick else 8)
    wanted = re.compile(asked.only)

    record = Record(rounds=rounds, seconds=seconds)
    chosen = [job for job in jobs.JOBS if wanted.search(job.name)]
    record.results += timing.run(chosen, rounds, seconds, say)
    if wanted.search(scrapes.RENDER) or wanted.search(scrapes.LOSS):
        record.results += scrapes.run(asked.series, rounds if asked.quick else max(5, rounds // 2), say)
    if wanted.search(memory.JOB):
        record.results += memory.run(asked.series, 1 if asked.quick else 3, say)
    if wrk and wanted.search(gateways.JOB):
        record.gateways, record.gateways_absent = gateways.run(rounds, wrk, 0 if asked.quick else SEEDS, say)
    record.compare()
    record.judge()
    text = record.text()
    print(text, end="")
    if asked.out:
        record.write(asked.out, text)


def say(words: str) -> None:
    """Tell how far it is."""
    print(words, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
