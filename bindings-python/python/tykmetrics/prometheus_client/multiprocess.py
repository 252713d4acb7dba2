"""The sum of many processes, read from the files that they keep (`mmap_dict`).

These are the files of prometheus_client's multi-process mode: a directory, named by PROMETHEUS_MULTIPROC_DIR, with a
file per process and kind. Processes of prometheus_client write them, and kinds of metric that are written in Python
over `MetricWrapperBase` and `values`. The counters, gauges, histograms and summaries of this package do not.
"""

from __future__ import annotations

import glob
import json
import os
from collections.abc import Iterable
from typing import TYPE_CHECKING

from tykmetrics.prometheus_client._identity import adopt
from tykmetrics.prometheus_client.metrics_core import Metric
from tykmetrics.prometheus_client.mmap_dict import MmapedDict
from tykmetrics.prometheus_client.samples import Sample
from tykmetrics.prometheus_client.utils import floatToGoString
from tykmetrics.prometheus_client.values import _OLD_VARIABLE, _environment_directory

if TYPE_CHECKING:
    from tykmetrics.prometheus_client.registry import CollectorRegistry

_Labels = tuple[tuple[str, str], ...]
_LIVE_MODES = ("liveall", "livemin", "livemax", "livesum", "livemostrecent")


class _Family:
    """What the files of all processes say of one family, merged entry by entry."""

    def __init__(self, name: str, documentation: str, typ: str) -> None:
        self.metric = Metric(name, documentation, typ)
        self._merged: dict[tuple[str, _Labels], float] = {}
        self._times: dict[tuple[str, _Labels], float] = {}
        self._buckets: dict[_Labels, dict[float, float]] = {}

    def add(self, name: str, labels: _Labels, value: float) -> None:
        """Add to a total; a bucket is kept apart until all are known."""
        bound = next((text for label, text in labels if label == "le"), None)
        if self.metric.type == "histogram" and bound is not None:
            rest = tuple(label for label in labels if label[0] != "le")
            counts = self._buckets.setdefault(rest, {})
            counts[float(bound)] = counts.get(float(bound), 0.0) + value
        else:
            self._merged[name, labels] = self._merged.get((name, labels), 0.0) + value

    def gauge(self, name: str, labels: _Labels, value: float, time: float, mode: str, process: str) -> None:
        """Merge a gauge by its mode. `live` modes differ in that the files of dead processes are removed."""
        key = (name, labels)
        match mode.removeprefix("live"):
            case "min":
                self._merged[key] = min(self._merged.get(key, value), value)
            case "max":
                self._merged[key] = max(self._merged.get(key, value), value)
            case "sum":
                self._merged[key] = self._merged.get(key, 0.0) + value
            case "mostrecent":
                # A gauge that was never set has the time 0 and does not count.
                if time > self._times.get(key, 0.0):
                    self._merged[key] = value
                    self._times[key] = time
            case _:
                self._merged[name, (*labels, ("pid", process))] = value

    def finished(self, accumulate: bool) -> Metric:
        """Return the family with its samples; buckets are cumulative unless it is told otherwise."""
        for labels, counts in self._buckets.items():
            total = 0.0
            for bound, count in sorted(counts.items()):
                total += count
                key = (self.metric.name + "_bucket", (*labels, ("le", floatToGoString(bound))))
                self._merged[key] = total if accumulate else count
            if accumulate:
                self._merged[self.metric.name + "_count", labels] = total
        # OpenMetrics: the samples of one set of labels stand together.
        groups: dict[_Labels, list[Sample]] = {}
        for (name, labels), value in self._merged.items():
            group = tuple(label for label in labels if label[0] != "le")
            groups.setdefault(group, []).append(Sample(name, dict(labels), value))
        self.metric.samples = [sample for group in groups.values() for sample in group]
        return self.metric


class MultiProcessCollector:
    """Collects what all processes of a directory count, as one."""

    def __init__(self, registry: CollectorRegistry | None, path: str | None = None) -> None:
        """Join a registry; the directory is `path`, or what PROMETHEUS_MULTIPROC_DIR names."""
        if path is None:
            path = _environment_directory()
        if not path or not os.path.isdir(path):
            raise ValueError(f"env PROMETHEUS_MULTIPROC_DIR is not set or not a directory: {path!r}")
        self._path = path
        if registry:
            registry.register(self)

    @staticmethod
    def merge(files: Iterable[str], accumulate: bool = True) -> Iterable[Metric]:
        """Merge files. Buckets are cumulative, as in an exposition, unless they are to be written to files again."""
        families: dict[str, _Family] = {}
        keys: dict[str, tuple[str, str, _Labels, str]] = {}
        for path in files:
            typ, *rest = os.path.basename(path).removesuffix(".db").split("_")
            mode, process = (rest[0], "_".join(rest[1:])) if typ == "gauge" else ("", "")
            try:
                entries = MmapedDict.read_all_values_from_file(path)
            except FileNotFoundError:
                # `mark_process_dead` may have removed it since the directory was listed.
                if mode.startswith("live"):
                    continue
                raise
            for key, value, time, _ in entries:
                if key not in keys:
                    keys[key] = _parsed(key)
                family_name, name, labels, documentation = keys[key]
                if family_name not in families:
                    families[family_name] = _Family(family_name, documentation, typ)
                if typ == "gauge":
                    families[family_name].gauge(name, labels, value, time, mode, process)
                else:
                    families[family_name].add(name, labels, value)
        return [family.finished(accumulate) for family in families.values()]

    def collect(self) -> Iterable[Metric]:
        """Return the families of all processes as they are now."""
        return self.merge(glob.glob(os.path.join(glob.escape(self._path), "*.db")), accumulate=True)


def _parsed(key: str) -> tuple[str, str, _Labels, str]:
    family, name, labels, documentation = json.loads(key)
    return family, name, tuple(sorted(labels.items())), documentation


def mark_process_dead(pid: int | str, path: str | None = None) -> None:
    """Remove the files of a process that has ended whose values count only while it lives."""
    if path is None:
        path = os.environ.get("PROMETHEUS_MULTIPROC_DIR", os.environ.get(_OLD_VARIABLE))
    if path is None:
        raise ValueError("env PROMETHEUS_MULTIPROC_DIR is not set, so where the process kept its files is not known")
    for mode in _LIVE_MODES:
        for file in glob.glob(os.path.join(glob.escape(path), f"gauge_{mode}_{pid}.db")):
            os.remove(file)


adopt(__name__)
