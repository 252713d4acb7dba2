"""A forked child counts from zero, keeps what was set, may do all that its parent may, and leaves its parent alone.

Every test is a program of its own: a fork copies whatever the test runner is doing.
"""

from __future__ import annotations

import sys

import pytest

HEAD = """
import os, sys, threading, warnings
# Python warns of every fork in a process with threads, which is what is tested here.
warnings.simplefilter("ignore", DeprecationWarning)
import tykmetrics
from tykmetrics import Counter, Enum, Gauge, Histogram, Info, Registry, Summary

registry = Registry()
counter = Counter("c", "Help.", registry=registry)
family = Counter("f", "Help.", ["a"], registry=registry)
gauge = Gauge("g", "Help.", registry=registry)
histogram = Histogram("h", "Help.", ["a"], registry=registry, buckets=[1, 2])
bound = family.labels("bound")
value = registry.get_sample_value


def record(times):
    for n in range(times):
        counter.inc()
        bound.inc(0.5)
        family.labels(f"looked up {n % 3}").inc()
        gauge.inc()
        histogram.labels("x").observe(n % 3)


def looked_up():
    return sum(value("f_total", {"a": f"looked up {n}"}) or 0 for n in range(3))


def check(times):
    assert value("c_total") == times, value("c_total")
    assert value("f_total", {"a": "bound"}) == times / 2, value("f_total", {"a": "bound"})
    assert looked_up() == times, looked_up()
    assert value("h_count", {"a": "x"}) == times, value("h_count", {"a": "x"})


def child(work):
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            work()
            code = 0
        finally:
            sys.stderr.flush()
            os._exit(code)
    return pid


def joined(pid):
    _, status = os.waitpid(pid, 0)
    assert status == 0, f"the child ended with {status}"
"""


def test_a_child_counts_from_zero_and_its_parent_goes_on(succeeds):
    succeeds(
        HEAD
        + """
record(100)


def work():
    assert value("c_total") == 0, value("c_total")
    record(30)
    check(30)
    assert b"c_total 30" in tykmetrics.render("text", registry=registry)


for _ in range(3):
    joined(child(work))
record(50)
check(150)
"""
    )


def test_a_child_keeps_what_gauges_and_enums_were_set_to(succeeds):
    succeeds(
        HEAD
        + """
build = Gauge("build_info", "Help.", ["version"], registry=registry)
build.labels("1.2").set(1)
state = Enum("state", "Help.", states=["starting", "ready"], registry=registry)
state.state("ready")
gauge.set(7)
record(1)


def work():
    assert value("build_info", {"version": "1.2"}) == 1
    assert (value("state", {"state": "starting"}), value("state", {"state": "ready"})) == (0, 1)
    assert value("g") == 8
    gauge.dec(3)
    state.state("starting")
    assert value("g") == 5
    check(0)


joined(child(work))
assert (value("g"), value("state", {"state": "ready"})) == (8, 1)
check(1)
"""
    )


def test_a_child_may_register_look_up_remove_and_scrape(succeeds):
    succeeds(
        HEAD
        + """
record(10)


def work():
    new = Counter("new", "Help.", ["a"], registry=registry)
    for n in range(100):
        new.labels(n).inc()
    new.remove(3)
    family.clear()
    family.labels("again").inc(2)
    Info("i", "Help.", registry=registry).info({"v": "1"})
    Enum("e", "Help.", states=["on", "off"], registry=registry).state("off")
    Summary("s", "Help.", registry=registry).observe(2)
    assert value("new_total", {"a": "99"}) == 1
    assert value("new_total", {"a": "3"}) is None
    assert value("f_total", {"a": "again"}) == 2
    assert value("e", {"e": "off"}) == 1
    assert value("s_sum") == 2
    threads = [threading.Thread(target=record, args=(20,)) for _ in range(4)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert value("c_total") == 80


joined(child(work))
check(10)
assert value("new_total", {"a": "99"}) is None
"""
    )


def test_children_of_children(succeeds):
    succeeds(
        HEAD
        + """
def work(depth):
    record(depth)
    check(depth)
    if depth:
        joined(child(lambda: work(depth - 1)))
    check(depth)


record(5)
joined(child(lambda: work(4)))
check(5)
"""
    )


def test_forks_while_threads_record_and_scrape(succeeds):
    """Whatever a thread holds at the fork, the child can go on."""
    succeeds(
        HEAD
        + """
sys.setswitchinterval(1e-5)
done, recorded = threading.Event(), [0] * 3


def busy(place):
    while not done.is_set():
        record(10)
        recorded[place] += 10


def scrape():
    while not done.is_set():
        tykmetrics.render("text", registry=registry)
        tykmetrics.render("openmetrics", registry=registry)
        list(registry.collect())


def churn():
    n = 0
    while not done.is_set():
        n += 1
        family.labels(f"churn {n % 50}").inc()
        family.remove(f"churn {(n + 25) % 50}")
        extra = Counter(f"extra_{n}", "Help.", registry=registry)
        registry.unregister(extra)


def work():
    before = value("c_total")
    record(20)
    assert value("c_total") == before + 20
    tykmetrics.render("text", registry=registry)
    family.labels("made in the child").inc()
    Counter("made_in_the_child", "Help.", registry=registry).inc()


threads = [threading.Thread(target=busy, args=(n,)) for n in range(3)]
threads += [threading.Thread(target=scrape), threading.Thread(target=churn)]
[thread.start() for thread in threads]
for _ in range(40):
    joined(child(work))
done.set()
[thread.join() for thread in threads]
check(sum(recorded))
"""
    )


def test_a_fork_in_a_signal_handler_and_in_a_callback(succeeds):
    succeeds(
        HEAD
        + """
import signal

forked = []


def work():
    record(5)
    assert value("c_total") == 5


def handler(*_):
    if len(forked) < 10:
        forked.append(child(work))


signal.signal(signal.SIGALRM, handler)
signal.setitimer(signal.ITIMER_REAL, 0.002, 0.002)
times = 0
while len(forked) < 10:
    record(10)
    times += 10
signal.setitimer(signal.ITIMER_REAL, 0)
for pid in forked:
    joined(pid)
check(times)

asked = Gauge("asked", "Help.", registry=registry)
pids = []


def callback():
    pids.append(child(lambda: None))
    return 1


asked.set_function(callback)
tykmetrics.render("text", registry=registry)
assert pids
for pid in pids:
    joined(pid)
"""
    )


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_processes_of_multiprocessing_count_for_themselves(succeeds, method):
    succeeds(
        """
import multiprocessing, sys, warnings
warnings.simplefilter("ignore", DeprecationWarning)
from tykmetrics import Counter, Registry, render

registry = Registry()
counter = Counter("c", "Help.", ["a"], registry=registry)


def work(n):
    before = registry.get_sample_value("c_total", {"a": "x"}) or 0
    for _ in range(n):
        counter.labels("x").inc()
    assert f'c_total{{a="x"}} {before + n:.0f}'.encode() in render("text", registry=registry)
    return registry.get_sample_value("c_total", {"a": "x"}) - before


if __name__ == "__main__":
    counter.labels("x").inc(5)
    context = multiprocessing.get_context(sys.argv[1] if len(sys.argv) > 1 else METHOD)
    with context.Pool(3) as pool:
        assert pool.map(work, [1, 20, 300, 4]) == [1, 20, 300, 4]
    process = context.Process(target=work, args=(7,))
    process.start()
    process.join()
    assert process.exitcode == 0, process.exitcode
    assert registry.get_sample_value("c_total", {"a": "x"}) == 5
""".replace("METHOD", repr(method))
    )


def test_a_process_pool_of_futures_works(succeeds):
    succeeds(
        """
import warnings
from concurrent.futures import ProcessPoolExecutor
warnings.simplefilter("ignore", DeprecationWarning)
from tykmetrics import REGISTRY, Counter

counter = Counter("c", "Help.")


def work(n):
    counter.inc(n)
    return n


if __name__ == "__main__":
    with ProcessPoolExecutor(2) as pool:
        assert sum(pool.map(work, range(50))) == 1225
    assert REGISTRY.get_sample_value("c_total") == 0
"""
    )


def test_every_method_of_multiprocessing_was_tried():
    import multiprocessing

    expected = {"fork", "spawn", "forkserver"} if sys.platform != "win32" else {"spawn"}
    assert set(multiprocessing.get_all_start_methods()) == expected
