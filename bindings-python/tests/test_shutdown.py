"""The interpreter ends while metrics are in use: no crash, no word, exit code 0. And interpreters beside it."""

from __future__ import annotations

import pytest

HEAD = """
import atexit, gc, os, sys, threading, time
import tykmetrics
from tykmetrics import Counter, Gauge, Histogram, Registry

registry = Registry()
counter = Counter("c", "Help.", registry=registry)
family = Counter("f", "Help.", ["a"], registry=registry)
histogram = Histogram("h", "Help.", ["a"], registry=registry)
gauge = Gauge("g", "Help.", registry=registry)


def record(n=0):
    counter.inc()
    family.labels(n % 7).inc()
    family.labels(a="x").inc()
    histogram.labels("x").observe(n)
    gauge.set(n)
"""

DAEMONS = {
    "recording": """
def daemon():
    n = 0
    while True:
        n += 1
        record(n)
""",
    "scraping": """
def daemon():
    while True:
        tykmetrics.render("text", registry=registry)
""",
    "collecting": """
def daemon():
    while True:
        list(registry.collect())
""",
    # A collector and a function that wait in small steps, as those do that read a file or a socket: the thread is in
    # Python, below a scrape, when it comes back to an interpreter that is gone.
    "rendering what waits": """
def waits():
    for _ in range(2000):
        time.sleep(0.0005)
    return 1


class Waiting:
    def describe(self):
        return []

    def collect(self):
        waits()
        yield from ()


registry.register(Waiting())
gauge.set_function(waits)


def daemon():
    while True:
        tykmetrics.render("text", registry=registry)
""",
    "collecting what waits": """
import tykmetrics.prometheus_client


class Waiting:
    def describe(self):
        return []

    def collect(self):
        while True:
            time.sleep(0.0005)
            yield tykmetrics.prometheus_client.Metric("m", "Help.", "gauge")


registry.register(Waiting())


def daemon():
    tykmetrics.prometheus_client.generate_latest(registry)
""",
    "registering": """
def daemon():
    n = 0
    while True:
        n += 1
        registry.unregister(Counter(f"new_{n}_{threading.get_ident()}", "Help.", registry=registry))
""",
}


@pytest.mark.parametrize("what", DAEMONS)
def test_the_interpreter_ends_while_daemon_threads_are_busy(succeeds, what):
    for n in range(3):
        succeeds(
            HEAD
            + f"for n in range({3 if what == 'recording' else 20_000}):\n    family.labels(n).inc()\n"
            + DAEMONS[what]
            + f"""
for _ in range(3):
    threading.Thread(target=daemon, daemon=True).start()
time.sleep({0.01 + n * 0.02})
"""
        )


def test_what_runs_at_exit_records_and_scrapes(succeeds):
    said = succeeds(
        HEAD
        + """
@atexit.register
def last():
    record()
    assert registry.get_sample_value("c_total") == 2
    print(tykmetrics.render("text", registry=registry).decode())


record()
"""
    )
    assert "c_total 2" in said


def test_finalizers_at_the_very_end_record(succeeds):
    succeeds(
        HEAD
        + """
class Late:
    def __init__(self):
        self.me = self
        # Globals are gone by then.
        self.record, self.render, self.registry = record, tykmetrics.render, registry

    def __del__(self):
        self.record()
        self.render("text", registry=self.registry)


keep = [Late() for _ in range(5)]
sys.late = Late()
gc.disable()
"""
    )


def test_metrics_that_outlive_their_module_are_let_go_quietly(succeeds):
    succeeds(
        HEAD
        + """
record()
sys.kept = (registry, counter, family, family.labels("x"), histogram, histogram.labels("x").time())
gauge.set_function(lambda: 1)
del registry, counter, family, histogram, gauge
"""
    )


def test_a_thread_that_ends_after_the_main_one_records(succeeds):
    said = succeeds(
        HEAD
        + """
def late():
    time.sleep(0.2)
    record()
    print(registry.get_sample_value("c_total"))


threading.Thread(target=late).start()
"""
    )
    assert said.strip() == "1.0"


def test_a_process_that_is_killed_by_its_own_exit_leaves_at_once(succeeds):
    succeeds(HEAD + "record()\nos._exit(0)\n")


def test_the_module_is_imported_again_after_it_was_thrown_away(succeeds):
    succeeds(
        HEAD
        + """
record()
for name in [name for name in sys.modules if name.split(".")[0] == "tykmetrics" and name != "tykmetrics._native"]:
    del sys.modules[name]
import tykmetrics as again

other = again.Registry()
more = again.Counter("c", "Help.", registry=other)
more.inc(2)
record()
assert other.get_sample_value("c_total") == 2
assert registry.get_sample_value("c_total") == 2
"""
    )


# The C API of subinterpreters is used through the module that every version has under some name.
INTERPRETERS = """
import importlib

for name in ("_interpreters", "_xxsubinterpreters"):
    try:
        interpreters = importlib.import_module(name)
        break
    except ImportError:
        pass


def run(source):
    try:
        made = interpreters.create()
    except TypeError:
        made = interpreters.create("isolated")
    try:
        failed = interpreters.run_string(made, source)
    except Exception as error:
        failed = error
    interpreters.destroy(made)
    return failed
"""


def test_a_subinterpreter_is_refused_in_clear_words_and_the_first_one_goes_on(succeeds):
    said = succeeds(
        INTERPRETERS
        + HEAD
        + '''
record()
for _ in range(3):
    failed = run(
        """if True:
        try:
            import tykmetrics
        except ImportError as error:
            assert "subinterpreters" in str(error), error
        else:
            raise AssertionError("it was imported")
        """
    )
    assert not failed, failed
record()
assert registry.get_sample_value("c_total") == 2
print("went on")
'''
    )
    assert said.strip() == "went on"


@pytest.mark.parametrize("options", [("-X", "dev"), ("-O",), ("-OO",), ("-I",), ("-X", "importtime")])
def test_it_works_under_the_interpreters_options(program, options):
    ended = program(HEAD + "record()\nprint(registry.get_sample_value('c_total'))\n", *options)
    assert (ended.returncode, ended.stdout.split()) == (0, ["1.0"]), ended.stderr
