"""What a scrape does beside showing numbers, in every way there is to scrape: upkeep, and whom it tells what raised."""

from __future__ import annotations

import resource
import sys
import time

import pytest

import tykmetrics
import tykmetrics.prometheus_client as drop_in
from tykmetrics import Counter, Gauge, Histogram, Registry
from tykmetrics.collectors import EngineCollector

SCRAPES = {
    "render": lambda registry: tykmetrics.render("text", registry=registry),
    "generate_latest": drop_in.generate_latest,
    "openmetrics": lambda registry: drop_in.openmetrics.exposition.generate_latest(registry),
    "collect": lambda registry: list(registry.collect()),
    "restricted": lambda registry: list(registry.restricted_registry(["c_total"]).collect()),
}

DROP_IN = sorted(set(SCRAPES) - {"render"})


@pytest.fixture(params=SCRAPES)
def scrape(request):
    return SCRAPES[request.param]


def test_an_idle_series_expires_however_it_is_scraped(scrape, registry, eventually):
    counter = Counter("c", "Help.", ["a"], registry=registry, expire_after=0.05)
    counter.labels("idle").inc()

    def is_gone():
        scrape(registry)
        return not counter._children()

    eventually(is_gone)


def test_removed_series_give_their_memory_back_however_it_is_scraped(scrape, registry):
    histogram = Histogram("h", "Help.", ["a"], registry=registry)

    def churn():
        for n in range(3000):
            histogram.labels(str(n)).observe(1)
            histogram.remove(str(n))
        scrape(registry)

    churn()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(4):
        churn()
    # A series of a histogram touches a page of 4 KiB: 48 MB if none were used again.
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 12 * 1024


class Raising:
    """A collector that raises."""

    def __init__(self, error):
        self.error = error

    def describe(self):
        return []

    def collect(self):
        raise self.error


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("name", sorted(set(SCRAPES) - {"restricted"}))
def test_what_ends_a_program_leaves_the_scrape(registry, name, error):
    def end():
        raise error

    collector = Raising(error())
    registry.register(collector)
    with pytest.raises(error):
        SCRAPES[name](registry)
    registry.unregister(collector)
    Gauge("g", "Help.", registry=registry).set_function(end)
    with pytest.raises(error):
        SCRAPES[name](registry)


@pytest.mark.parametrize("name", DROP_IN)
def test_a_function_that_raises_raises_where_prometheus_client_does(registry, name):
    Gauge("c_total", "Help.", registry=registry).set_function(lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        SCRAPES[name](registry)


def test_render_goes_on_and_tells_of_what_raised(registry, monkeypatch):
    told = []
    monkeypatch.setattr(sys, "unraisablehook", lambda unraisable: told.append(unraisable.exc_type))
    Gauge("bad", "Help.", registry=registry).set_function(lambda: 1 / 0)
    Counter("good", "Help.", registry=registry).inc()
    registry.register(Raising(ValueError("no answer")))
    text = tykmetrics.render("text", registry=registry)
    assert b"good_total 1\n" in text
    assert b"bad NaN\n" in text
    assert told == [ZeroDivisionError, ValueError]


def test_a_scrape_within_a_scrape_tells_its_own_caller(registry):
    inner = Registry()
    Gauge("inner", "Help.", registry=inner).set_function(lambda: 1 / 0)
    caught = []

    class Nested:
        def collect(self):
            try:
                drop_in.generate_latest(inner)
            except ZeroDivisionError as error:
                caught.append(error)
            return []

        def describe(self):
            return []

    registry.register(Nested())
    Counter("good", "Help.", registry=registry).inc()
    assert b"good_total 1\n" in tykmetrics.render("text", registry=registry)
    assert len(caught) == 1


def test_the_engine_tells_what_it_did_not_count(registry):
    EngineCollector(registry)
    counter = Counter("c", "Help.", ["a"], registry=registry, limit=2)
    for value in "abcd":
        counter.labels(value).inc()
    counter.labels("a").inc(float("nan"))
    registry.register(Raising(ValueError("no answer")))
    sys_hook, sys.unraisablehook = sys.unraisablehook, lambda _: None
    try:
        for _ in range(2):
            text = tykmetrics.render("text", registry=registry).decode()
    finally:
        sys.unraisablehook = sys_hook
    assert 'tykmetrics_overflow_total{family="c_total"} 2\n' in text
    assert 'tykmetrics_invalid_records_total{family="c_total"} 1\n' in text
    failures = next(line for line in text.splitlines() if line.startswith("tykmetrics_scrape_failures_total "))
    assert float(failures.split()[1]) >= 1


def test_a_metric_of_ours_is_a_collector_of_another_librarys_registry():
    import prometheus_client

    theirs = prometheus_client.CollectorRegistry()
    Counter("c", "Help.", ["a"], registry=theirs).labels("x").inc(2)
    assert theirs.get_sample_value("c_total", {"a": "x"}) == 2
    assert b'c_total{a="x"} 2.0\n' in prometheus_client.generate_latest(theirs)


def test_what_is_no_registry_is_refused():
    with pytest.raises(TypeError, match="registry of 'c' is a CollectorRegistry, not 'here'"):
        Counter("c", "Help.", registry="here")


def test_a_scrape_takes_no_time_of_a_series_that_was_used(registry):
    """The children that a metric remembers come back to the same series after upkeep."""
    counter = Counter("c", "Help.", ["a"], registry=registry, expire_after=60)
    for _ in range(5):
        counter.labels("x").inc()
        drop_in.generate_latest(registry)
        time.sleep(0.001)
    assert registry.get_sample_value("c_total", {"a": "x"}) == 5
