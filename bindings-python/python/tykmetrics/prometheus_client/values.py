"""Single numbers, for metrics that are written in Python over `MetricWrapperBase`.

The metrics of this package are not made of these: their numbers are the engine's. So `ValueClass` decides where
somebody's own kind of metric keeps its numbers, and PROMETHEUS_MULTIPROC_DIR does not make the metrics of this package
write files there; a warning says so.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Sequence
from threading import Lock
from typing import Any

from tykmetrics.prometheus_client._identity import adopt
from tykmetrics.prometheus_client.mmap_dict import MmapedDict, mmap_key
from tykmetrics.prometheus_client.samples import Exemplar

_multi_process_cleanups: list[Callable[[], None]] = []

# What the variable was called at first.
_OLD_VARIABLE = "prometheus_multiproc_dir"

_NOT_WRITTEN = (
    "PROMETHEUS_MULTIPROC_DIR is set, but the counters, gauges, histograms and summaries of this package do not write "
    "there: each process exposes its own values. MultiProcessCollector reads what processes of prometheus_client write."
)


def close_all_multiprocess_files() -> None:
    """Close the files of every class that `MultiProcessValue` made."""
    for cleanup in _multi_process_cleanups:
        cleanup()
    _multi_process_cleanups.clear()


def _environment_directory() -> str | None:
    """Return the directory of multi-process mode, from the variable or its lower-case name of old."""
    old = os.environ.get(_OLD_VARIABLE)
    if old is not None and "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = old
        warnings.warn(
            "prometheus_multiproc_dir variable has been deprecated in favor of the upper case naming "
            "PROMETHEUS_MULTIPROC_DIR",
            DeprecationWarning,
            stacklevel=3,
        )
    return os.environ.get("PROMETHEUS_MULTIPROC_DIR")


class MutexValue:
    """A number behind a lock."""

    _multiprocess = False

    def __init__(
        self,
        typ: str | None,
        metric_name: str,
        name: str,
        labelnames: Sequence[str],
        labelvalues: Sequence[str],
        help_text: str,
        **kwargs: Any,
    ) -> None:
        """Start at zero. What the number belongs to is of no interest here."""
        self._value = 0.0
        self._exemplar: Exemplar | None = None
        self._lock = Lock()

    def inc(self, amount: float) -> None:
        """Add to the number."""
        with self._lock:
            self._value += amount

    def set(self, value: float, timestamp: float | None = None) -> None:
        """Replace the number."""
        with self._lock:
            self._value = value

    def set_exemplar(self, exemplar: Exemplar) -> None:
        """Keep an observation that stands for the number."""
        with self._lock:
            self._exemplar = exemplar

    def get(self) -> float:
        """Return the number."""
        with self._lock:
            return self._value

    def get_exemplar(self) -> Exemplar | None:
        """Return the observation that stands for the number."""
        with self._lock:
            return self._exemplar


class _Files:
    """The files of one process, and the numbers that live in them. A fork starts with files of its own."""

    def __init__(self, process_identifier: Callable[[], int | str]) -> None:
        self.lock = Lock()
        self._identify = process_identifier
        self._process = process_identifier()
        self._open: dict[str, MmapedDict] = {}
        self._values: list[Any] = []

    def adopt(self, value: Any) -> None:
        self.follow_fork()
        value._attach(self)
        self._values.append(value)

    def follow_fork(self) -> None:
        process = self._identify()
        if process != self._process:
            self._process = process
            self._close_files()
            for value in self._values:
                value._attach(self)

    def file(self, prefix: str) -> MmapedDict:
        if prefix not in self._open:
            directory = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
            if directory is None:
                raise ValueError("env PROMETHEUS_MULTIPROC_DIR is not set; a multi-process value needs its directory")
            self._open[prefix] = MmapedDict(os.path.join(directory, f"{prefix}_{self._process}.db"))
        return self._open[prefix]

    def close(self) -> None:
        self._close_files()
        self._values.clear()

    def _close_files(self) -> None:
        for file in self._open.values():
            file.close()
        self._open.clear()


class _MmapedValue:
    """A number in a file of this process, where `MultiProcessCollector` finds it. Exemplars are not kept."""

    _multiprocess = True
    _files: _Files

    def __init__(
        self,
        typ: str | None,
        metric_name: str,
        name: str,
        labelnames: Sequence[str],
        labelvalues: Sequence[str],
        help_text: str,
        multiprocess_mode: str = "",
        **kwargs: Any,
    ) -> None:
        """Continue the number that the file has of this sample, or start at zero."""
        _environment_directory()
        self._prefix = f"{typ}_{multiprocess_mode}" if typ == "gauge" else str(typ)
        self._key = mmap_key(metric_name, name, labelnames, labelvalues, help_text)
        with self._files.lock:
            self._files.adopt(self)

    def _attach(self, files: _Files) -> None:
        self._file = files.file(self._prefix)
        self._value, self._timestamp = self._file.read_value(self._key)

    def _write(self, value: float, timestamp: float) -> None:
        self._value, self._timestamp = value, timestamp
        self._file.write_value(self._key, value, timestamp)

    def inc(self, amount: float) -> None:
        """Add to the number."""
        with self._files.lock:
            self._files.follow_fork()
            self._write(self._value + amount, 0.0)

    def set(self, value: float, timestamp: float | None = None) -> None:
        """Replace the number."""
        with self._files.lock:
            self._files.follow_fork()
            self._write(value, timestamp or 0.0)

    def get(self) -> float:
        """Return the number of this process."""
        with self._files.lock:
            self._files.follow_fork()
            return self._value

    def set_exemplar(self, exemplar: Exemplar) -> None:
        """Do nothing: the files have no place for exemplars."""

    def get_exemplar(self) -> None:
        """Return None: the files have no place for exemplars."""
        return None

    @classmethod
    def close_all_files(cls) -> None:
        """Close this process's files and forget the numbers in them."""
        with cls._files.lock:
            cls._files.close()


def MultiProcessValue(
    process_identifier: Callable[[], int | str] = os.getpid,
) -> type[_MmapedValue]:
    """Return a class of numbers in files of this process, told apart by what `process_identifier` returns."""
    files = _Files(process_identifier)
    _multi_process_cleanups.append(files.close)
    return type("MmapedValue", (_MmapedValue,), {"_files": files, "__module__": "prometheus_client.values"})


def get_value_class() -> type[MutexValue | _MmapedValue]:
    """Return the class of numbers that the environment asks for."""
    if _OLD_VARIABLE in os.environ or "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        return MultiProcessValue()
    return MutexValue


adopt(__name__)

ValueClass: type[MutexValue | _MmapedValue] = get_value_class()
if ValueClass is not MutexValue:
    warnings.warn(_NOT_WRITTEN, RuntimeWarning, stacklevel=2)
