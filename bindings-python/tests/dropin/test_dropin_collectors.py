"""The collectors of the default registry, beside prometheus_client's and the kernel's own words."""

from __future__ import annotations

import gc
import os
import platform
import resource
from pathlib import Path

import prometheus_client as peer
import pytest

from tykmetrics.prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector


@pytest.mark.parametrize("kind", ["ProcessCollector", "PlatformCollector", "GCCollector"])
def test_families_are_those_of_prometheus_client(kind: str, registry: CollectorRegistry) -> None:
    from tykmetrics import prometheus_client as ours

    theirs = peer.CollectorRegistry()
    getattr(ours, kind)(registry=registry)
    getattr(peer, kind)(registry=theirs)

    def described(of: CollectorRegistry | peer.CollectorRegistry) -> list[object]:
        return [
            (
                metric.name,
                metric.documentation,
                metric.type,
                [(sample.name, sample.labels) for sample in metric.samples],
            )
            for metric in of.collect()
        ]

    assert described(registry) == described(theirs)
    assert described(registry)


def test_the_process_is_as_the_kernel_tells_it(registry: CollectorRegistry) -> None:
    ProcessCollector(registry=registry, namespace="own")
    usage = resource.getrusage(resource.RUSAGE_SELF)
    cpu = registry.get_sample_value("own_process_cpu_seconds_total")
    assert cpu is not None
    # The kernel counts in ticks of a hundredth here, user and system each.
    assert abs(cpu - usage.ru_utime - usage.ru_stime) < 1
    assert registry.get_sample_value("own_process_max_fds") == resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    held = open(os.devnull)  # noqa: SIM115 - it is open while it is counted
    before = registry.get_sample_value("own_process_open_fds")
    held.close()
    after = registry.get_sample_value("own_process_open_fds")
    assert before is not None
    assert after == before - 1


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    """Return a proc of one process with a name that tries to break the format."""
    (tmp_path / "stat").write_text("cpu 1 2\nbtime 1000\n")
    process = tmp_path / "7"
    (process / "fd").mkdir(parents=True)
    (process / "fd" / "0").touch()
    fields = ["S", *["0"] * 10, "150", "50", *["0"] * 6, "300", "4096", "2"]
    (process / "stat").write_text(f"7 (a) b) {' '.join(fields)}")
    (process / "limits").write_text("Limit Soft Hard Units\nMax open files            unlimited   unlimited   files\n")
    return tmp_path


def test_a_process_without_a_limit_has_an_infinite_one(proc: Path, registry: CollectorRegistry) -> None:
    collector = ProcessCollector(proc=str(proc), pid=lambda: "7\n", registry=registry)
    collector._ticks = 100
    collector._pagesize = 4096
    assert registry.get_sample_value("process_max_fds") == float("inf")
    assert registry.get_sample_value("process_open_fds") == 1
    assert registry.get_sample_value("process_cpu_seconds_total") == 2
    assert registry.get_sample_value("process_start_time_seconds") == 1003
    assert registry.get_sample_value("process_virtual_memory_bytes") == 4096
    assert registry.get_sample_value("process_resident_memory_bytes") == 8192


def test_what_cannot_be_read_is_left_out(proc: Path, registry: CollectorRegistry) -> None:
    ProcessCollector(proc=str(proc), pid=lambda: 7, registry=registry)
    (proc / "7" / "limits").write_text("Limit Soft Hard Units\n")
    assert registry.get_sample_value("process_max_fds") is None
    assert registry.get_sample_value("process_open_fds") == 1
    (proc / "7" / "limits").unlink()
    assert registry.get_sample_value("process_open_fds") is None
    (proc / "7" / "stat").unlink()
    assert list(registry.collect()) == []


def test_a_machine_without_proc_has_no_process_families(tmp_path: Path, registry: CollectorRegistry) -> None:
    ProcessCollector(proc=str(tmp_path / "nowhere"), registry=registry)
    assert list(registry.collect()) == []


def test_collectors_can_stand_without_a_registry() -> None:
    assert list(ProcessCollector(registry=None).collect())
    assert list(PlatformCollector(registry=None).collect())


def test_the_platform_is_this_python(registry: CollectorRegistry) -> None:
    PlatformCollector(registry=registry)
    [metric] = registry.collect()
    assert metric.samples[0].labels["version"] == platform.python_version()


def test_collections_are_counted(registry: CollectorRegistry) -> None:
    GCCollector(registry)
    before = registry.get_sample_value("python_gc_collections_total", {"generation": "2"})
    gc.collect()
    assert before is not None
    assert registry.get_sample_value("python_gc_collections_total", {"generation": "2"}) == before + 1
