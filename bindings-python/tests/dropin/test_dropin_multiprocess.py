"""Files that processes of prometheus_client wrote are read and merged as it merges them."""

from __future__ import annotations

import glob
import os
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import prometheus_client as peer
import prometheus_client.multiprocess
import pytest

from tykmetrics.prometheus_client import CollectorRegistry, generate_latest, mmap_dict, values
from tykmetrics.prometheus_client.mmap_dict import MmapedDict, mmap_key
from tykmetrics.prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from tykmetrics.prometheus_client.openmetrics.exposition import generate_latest as openmetrics_of
from tykmetrics.prometheus_client.openmetrics.parser import text_string_to_metric_families

MODES = ("all", "liveall", "min", "livemin", "max", "livemax", "sum", "livesum", "mostrecent", "livemostrecent")

# What each of three processes records. The peer is the real prometheus_client.
WRITER = """
    import sys
    from prometheus_client import Counter, Gauge, Histogram, Summary, values
    import prometheus_client
    assert not prometheus_client.__name__.startswith("tykmetrics")
    me = int(sys.argv[1]) if len(sys.argv) > 1 else {me}
    values.ValueClass = values.MultiProcessValue(lambda: me)
    counter = Counter("requests_total", "Requests.", ["method"])
    counter.labels("GET").inc(me)
    counter.labels("ü").inc()
    if me == 2:
        counter.labels("only second").inc()
    summary = Summary("size", "Sizes.", ["a"])
    summary.labels("x").observe(me * 10)
    histogram = Histogram("latency", "Latencies.", ["route"], buckets=[1, 2.5])
    for route in ("/a", "/b"):
        histogram.labels(route).observe(me)
    for mode in {modes}:
        gauge = Gauge("gauge_" + mode, "A gauge.", ["l"], multiprocess_mode=mode)
        gauge.labels("x").set(100 - me)
        if me == 3:
            gauge.labels("third").set(-me)
"""


@pytest.fixture
def directory(tmp_path: Path, program: Callable[..., str]) -> str:
    """Return a directory that three processes have written into."""
    for me in (1, 2, 3):
        program(WRITER.format(me=me, modes=MODES), PROMETHEUS_MULTIPROC_DIR=str(tmp_path))
    assert len(os.listdir(tmp_path)) == 3 * (3 + len(MODES))
    return str(tmp_path)


def merged(collector: Any) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for metric in collector.collect()
        for sample in metric.samples
    }


def test_every_kind_and_mode_is_merged_as_prometheus_client_merges_it(directory: str) -> None:
    mine = merged(MultiProcessCollector(None, directory))
    assert mine == merged(peer.multiprocess.MultiProcessCollector(None, directory))
    assert mine["requests_total", (("method", "GET"),)] == 6
    assert mine["gauge_min", (("l", "x"),)] == 97
    assert mine["gauge_mostrecent", (("l", "x"),)] == 97
    assert mine["gauge_all", (("l", "x"), ("pid", "1"))] == 99
    assert mine["latency_bucket", (("le", "+Inf"), ("route", "/a"))] == 3
    assert mine["latency_count", (("route", "/a"),)] == 3


def test_counts_can_be_merged_without_being_accumulated(directory: str) -> None:
    files = glob.glob(os.path.join(directory, "histogram_*.db"))
    mine, theirs = (
        {
            (sample.name, tuple(sorted(sample.labels.items()))): sample.value
            for metric in of
            for sample in metric.samples
        }
        for of in (
            MultiProcessCollector.merge(files, accumulate=False),
            peer.multiprocess.MultiProcessCollector.merge(files, accumulate=False),
        )
    )
    assert mine == theirs


def test_merged_families_are_valid_openmetrics(directory: str) -> None:
    registry = CollectorRegistry()
    MultiProcessCollector(registry, directory)
    names = {metric.name for metric in text_string_to_metric_families(openmetrics_of(registry).decode())}
    assert names == {"requests", "size", "latency", *(f"gauge_{mode}" for mode in MODES)}
    assert b'requests_total{method="GET"} 6.0' in generate_latest(registry)


def test_a_dead_process_takes_its_live_gauges_with_it(directory: str) -> None:
    mark_process_dead(3, directory)
    mine = merged(MultiProcessCollector(None, directory))
    assert mine == merged(peer.multiprocess.MultiProcessCollector(None, directory))
    assert mine["gauge_livemin", (("l", "x"),)] == 98
    assert mine["gauge_min", (("l", "x"),)] == 97
    assert mine["requests_total", (("method", "GET"),)] == 6


def test_a_live_gauges_file_that_is_gone_is_left_out_and_another_is_an_error(directory: str) -> None:
    gone = os.path.join(directory, "gauge_liveall_9.db")
    assert list(MultiProcessCollector.merge([gone])) == []
    with pytest.raises(FileNotFoundError):
        MultiProcessCollector.merge([os.path.join(directory, "counter_9.db")])


def test_a_file_that_was_only_just_made_has_no_values(tmp_path: Path) -> None:
    (tmp_path / "counter_1.db").touch()
    assert merged(MultiProcessCollector(None, str(tmp_path))) == {}


def test_a_directory_is_needed(monkeypatch: pytest.MonkeyPatch, registry: CollectorRegistry) -> None:
    monkeypatch.delenv("PROMETHEUS_MULTIPROC_DIR", raising=False)
    with pytest.raises(ValueError, match="PROMETHEUS_MULTIPROC_DIR"):
        MultiProcessCollector(registry)
    with pytest.raises(ValueError, match="PROMETHEUS_MULTIPROC_DIR"):
        mark_process_dead(1)


def test_the_old_variable_works_and_warns(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", "")
    monkeypatch.delenv("PROMETHEUS_MULTIPROC_DIR")
    monkeypatch.setenv("prometheus_multiproc_dir", str(tmp_path))
    with pytest.warns(DeprecationWarning, match="PROMETHEUS_MULTIPROC_DIR"):
        MultiProcessCollector(None)
    assert os.environ["PROMETHEUS_MULTIPROC_DIR"] == str(tmp_path)


def test_processes_of_this_package_say_that_they_do_not_write_there(
    program: Callable[..., str], tmp_path: Path
) -> None:
    source = """
        import warnings
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            from tykmetrics.prometheus_client import Counter
            Counter("c", "help").inc()
        print([(warning.category.__name__, "do not write" in str(warning.message)) for warning in caught])
    """
    assert program(source, PROMETHEUS_MULTIPROC_DIR=str(tmp_path)).strip() == "[('RuntimeWarning', True)]"
    assert os.listdir(tmp_path) == []
    assert program(source).strip() == "[]"


def test_prometheus_client_reads_what_our_values_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    process = [1]
    kind = values.MultiProcessValue(lambda: process[0])
    number = kind("counter", "c", "c_total", ["a"], ["b"], "help")
    number.inc(2)
    process[0] = 2
    number.inc(3)
    number.set(4, 5.0)
    assert number.get() == 4
    kind.close_all_files()
    assert merged(peer.multiprocess.MultiProcessCollector(None, str(tmp_path))) == {("c_total", (("a", "b"),)): 6}
    again = values.MultiProcessValue(lambda: 2)("counter", "c", "c_total", ["a"], ["b"], "help")
    assert again.get() == 4
    values.close_all_multiprocess_files()


def test_a_file_grows_and_is_read_by_prometheus_client(tmp_path: Path) -> None:
    path = str(tmp_path / "counter_1.db")
    file = MmapedDict(path)
    keys = [mmap_key("c", "c_total", ["a"], [str(at) * 1000], "help") for at in range(100)]
    for at, key in enumerate(keys):
        file.write_value(key, at, -at)
    file.close()
    assert os.path.getsize(path) > mmap_dict._INITIAL_MMAP_SIZE
    theirs = peer.values.MmapedDict.read_all_values_from_file(path)
    assert [(key, value, time) for key, value, time, _ in theirs] == [(key, at, -at) for at, key in enumerate(keys)]
    read = MmapedDict(path, read_mode=True)
    assert [key for key, _, _ in read.read_all_values()] == keys
    read.close()
    with pytest.raises(ValueError, match="closed"):
        read.read_value(keys[0])


def test_a_corrupt_file_is_an_error_and_not_an_endless_loop(tmp_path: Path) -> None:
    path = str(tmp_path / "counter_1.db")
    for junk in (b"somejunk", (-1).to_bytes(4, "little", signed=True) + b"    "):
        file = MmapedDict(path)
        file.write_value("abc", 1, 2)
        file._memory()[8:16] = junk
        file.close()
        with pytest.raises(RuntimeError, match="corrupt"):
            list(MmapedDict.read_all_values_from_file(path))
        os.remove(path)


def test_nothing_warns_in_a_process_without_the_variable() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert values.get_value_class() is values.MutexValue
