"""A worker on asyncio that serves nothing but its metrics: jobs from a queue, the loop's lag, pauses of the collector.

Run it with `python asyncio_worker.py`, and read the address that it prints. Ctrl-C ends it.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import random
import signal

from tykmetrics import Counter, Gauge, start_http_server, track_block, track_request
from tykmetrics.collectors import EventLoopLagCollector, GCCollector

jobs = Counter("worker_jobs_total", "Jobs that are done", ["kind", "outcome"])
waiting = Gauge("worker_queue_length", "Jobs that wait")


@track_request("worker.job", "JOB")
async def work(kind: str, number: int) -> None:
    """Do a job; every tenth fails."""
    async with track_block(kind):
        await asyncio.sleep(random.uniform(0.0, 0.002))
        if number % 10 == 9:
            raise RuntimeError(f"job {number} failed")


async def worker(queue: asyncio.Queue[int]) -> None:
    """Take jobs from the queue for as long as the program runs."""
    while True:
        number = await queue.get()
        kind = "odd" if number % 2 else "even"
        try:
            await work(kind, number)
        except RuntimeError:
            jobs.labels(kind, "failed").inc()
        else:
            jobs.labels(kind, "done").inc()
        queue.task_done()


async def main(port: int, count: int) -> None:
    """Put jobs into the queue, and have them done, until somebody says stop."""
    queue: asyncio.Queue[int] = asyncio.Queue()
    waiting.set_function(queue.qsize)
    stop = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    with GCCollector(), start_http_server(port) as server:
        async with EventLoopLagCollector():
            print(f"metrics are at {server.url}/metrics", flush=True)
            workers = [asyncio.create_task(worker(queue)) for _ in range(4)]
            for number in range(count):
                queue.put_nowait(number)
            await queue.join()
            print(f"{count} jobs are done", flush=True)
            await stop.wait()
            for task in workers:
                task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.gather(*workers)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=9090)
    parser.add_argument("--jobs", type=int, default=1000)
    given = parser.parse_args()
    asyncio.run(main(given.port, given.jobs))
