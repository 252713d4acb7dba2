"""Nothing is lost and nothing counted twice while threads record, look up, remove and scrape."""

from __future__ import annotations

import asyncio
import random
import sys
import threading

import pytest

THREADS = 6
OPERATIONS = 20_000


@pytest.fixture(autouse=True)
def _frequent_switches():
    """Switch threads as often as the interpreter can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def together(*workers):
    """Run the workers in threads that begin at once; what one raises is raised here."""
    barrier, errors = threading.Barrier(len(workers)), []

    def run(worker):
        barrier.wait()
        try:
            worker()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(worker,)) for worker in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors, errors


class Watch:
    """Scrapes at random moments, and looks whether a counter fell or a histogram disagreed with itself."""

    def __init__(self, registry):
        self.registry, self.done, self.scrapes = registry, False, 0
        self.last: dict[tuple[object, ...], float] = {}

    def __call__(self):
        dice = random.Random(11)
        while not self.done:
            self.look()
            threading.Event().wait(dice.random() / 200)
        self.look()

    def look(self):
        self.scrapes += 1
        for family in self.registry.collect():
            infinite = {}
            for sample in family.samples:
                key = (sample.name, tuple(sorted(sample.labels.items())))
                if sample.name.endswith(("_total", "_count", "_bucket", "_sum")):
                    assert sample.value >= self.last.get(key, 0), f"{key} fell from {self.last[key]} to {sample.value}"
                    self.last[key] = sample.value
                if sample.labels.get("le") == "+Inf":
                    infinite[tuple(v for k, v in sample.labels.items() if k != "le")] = sample.value
                if sample.name.endswith("_count") and family.type == "histogram":
                    assert sample.value == infinite[tuple(sample.labels.values())]


def test_every_record_is_counted_and_no_scrape_goes_back(library, registry):
    counter = library.Counter("c", "Help.", registry=registry)
    family = library.Counter("f", "Help.", ["a", "b"], registry=registry)
    gauge = library.Gauge("g", "Help.", registry=registry)
    histogram = library.Histogram("h", "Help.", ["a"], registry=registry, buckets=[1, 2, 3])
    summary = library.Summary("s", "Help.", registry=registry)
    watch, ended, worked = Watch(registry), threading.Semaphore(0), []

    def work():
        n = 0
        # As long as it takes to be scraped now and then.
        while n < OPERATIONS // 4 or watch.scrapes < 5:
            counter.inc()
            family.labels(str(n % 7), b"x").inc(0.5)
            family.labels(a=n % 7, b="y").inc()
            gauge.inc(2)
            histogram.labels(n % 3).observe(n % 5)
            summary.observe(2)
            gauge.dec()
            n += 1
        return n

    def work_and_tell():
        try:
            worked.append(work())
        finally:
            ended.release()

    def close():
        for _ in range(THREADS):
            ended.acquire()
        watch.done = True

    together(*[work_and_tell] * THREADS, watch, close)
    total = sum(worked)
    value = registry.get_sample_value
    assert value("c_total") == total
    assert sum(value("f_total", {"a": str(n), "b": "b'x'"}) for n in range(7)) == total / 2
    assert sum(value("f_total", {"a": str(n), "b": "y"}) for n in range(7)) == total
    assert value("g") == total
    assert sum(value("h_count", {"a": str(n)}) for n in range(3)) == total
    assert sum(value("h_sum", {"a": str(n)}) for n in range(3)) == sum(n % 5 for times in worked for n in range(times))
    assert (value("s_count"), value("s_sum")) == (total, 2 * total)


def test_threads_that_come_and_go_leave_their_counts(library, registry):
    counter = library.Counter("c", "Help.", ["a"], registry=registry)
    for _ in range(40):
        together(*[lambda: [counter.labels("x").inc() for _ in range(25)]] * 8)
    assert registry.get_sample_value("c_total", {"a": "x"}) == 40 * 8 * 25


def test_the_first_lookup_of_a_series_makes_one_series(library, registry):
    counter = library.Counter("c", "Help.", ["a"], registry=registry)
    for n in range(50):
        made = []
        together(*[lambda n=n, made=made: made.append(counter.labels(n))] * 4)
        assert len({id(series) for series in made}) == 1


def test_removal_while_others_record_takes_away_whole_series(library, registry):
    counter = library.Counter("c", "Help.", ["a", "b"], registry=registry)
    steady = counter.labels("steady", "")

    def record():
        for n in range(OPERATIONS // 10):
            counter.labels("comes and goes", n % 5).inc()
            steady.inc()

    def remove():
        for n in range(OPERATIONS // 10):
            counter.remove("comes and goes", n % 5)

    together(record, record, remove)
    assert registry.get_sample_value("c_total", {"a": "steady", "b": ""}) == 2 * (OPERATIONS // 10)


def test_registering_the_same_name_at_once_succeeds_once(library, registry):
    for n in range(30):
        made, refused = [], []

        def register(n=n, made=made, refused=refused):
            try:
                made.append(library.Counter(f"c{n}", "Help.", registry=registry))
            except ValueError as error:
                refused.append(error)

        together(*[register] * 4)
        assert (len(made), len(refused)) == (1, 3)


def test_tasks_of_an_event_loop_record_together(library, registry):
    counter = library.Counter("c", "Help.", ["a"], registry=registry)
    gauge = library.Gauge("g", "Help.", registry=registry)
    histogram = library.Histogram("h", "Help.", registry=registry)

    async def task(n):
        with gauge.track_inprogress(), histogram.time():
            for _ in range(20):
                counter.labels(n % 3).inc()
                await asyncio.sleep(0)

    async def main():
        tasks = [asyncio.create_task(task(n)) for n in range(60)]
        await asyncio.sleep(0)
        assert registry.get_sample_value("g") == 60
        await asyncio.gather(*tasks)
        await asyncio.gather(*[asyncio.to_thread(counter.labels("thread").inc) for _ in range(50)])

    asyncio.run(main())
    assert registry.get_sample_value("g") == 0
    assert registry.get_sample_value("h_count") == 60
    assert [registry.get_sample_value("c_total", {"a": str(n)}) for n in range(3)] == [400, 400, 400]
    assert registry.get_sample_value("c_total", {"a": "thread"}) == 50
