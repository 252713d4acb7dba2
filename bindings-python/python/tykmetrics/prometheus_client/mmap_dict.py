"""The files that processes of prometheus_client keep their values in, one per process and kind.

A file is 4 bytes of how much of it is used, 4 bytes of padding, then entries: 4 bytes of the key's length, the key in
UTF-8, spaces until the next multiple of 8, and two doubles, a value and its Unix time. Numbers have the machine's byte
order. Keys are JSON, made by `mmap_key`.
"""

from __future__ import annotations

import json
import mmap
import os
import struct
from collections.abc import Iterable, Iterator, Sequence
from typing import BinaryIO

from tykmetrics.prometheus_client._identity import adopt

# What prometheus_client gives a new file; it doubles from there.
_INITIAL_MMAP_SIZE = 1 << 16
_LENGTH = struct.Struct("i")
_PAIR = struct.Struct("dd")
_FIRST_ENTRY = 8


def _read_all_values(data: bytes | mmap.mmap, used: int = 0) -> Iterator[tuple[str, float, float, int]]:
    """Yield key, value, time and where the value stands, of every entry."""
    if used <= 0:
        used = _LENGTH.unpack_from(data, 0)[0]
    at = _FIRST_ENTRY
    while at < used:
        length = _LENGTH.unpack_from(data, at)[0]
        if length < 0 or at + length > used:
            raise RuntimeError("Read beyond file size detected, file is corrupted.")
        at += _LENGTH.size
        key = data[at : at + length].decode("utf-8")
        at += _padded(length)
        value, timestamp = _PAIR.unpack_from(data, at)
        yield key, value, timestamp, at
        at += _PAIR.size


def _padded(length: int) -> int:
    """Return how long a key is with its spaces, one at the least, so that what follows lies at a multiple of 8."""
    return length + 8 - (length + _LENGTH.size) % 8


class MmapedDict:
    """A mapping from keys to pairs of value and time, in a file that other processes read. Not for threads."""

    def __init__(self, filename: str, read_mode: bool = False) -> None:
        """Open the file, making it unless it is only to be read."""
        self._f: BinaryIO | None = open(filename, "rb" if read_mode else "a+b")  # noqa: SIM115 - `close` closes it
        self._fname = filename
        self._capacity = os.fstat(self._f.fileno()).st_size
        if self._capacity == 0:
            self._capacity = _INITIAL_MMAP_SIZE
            self._f.truncate(self._capacity)
        access = mmap.ACCESS_READ if read_mode else mmap.ACCESS_WRITE
        self._m: mmap.mmap | None = mmap.mmap(self._f.fileno(), self._capacity, access=access)
        self._positions: dict[str, int] = {}
        self._used: int = _LENGTH.unpack_from(self._m, 0)[0]
        if self._used == 0:
            self._use(_FIRST_ENTRY)
        elif not read_mode:
            self._positions = {key: at for key, _, _, at in self._read_all_values()}

    @staticmethod
    def read_all_values_from_file(filename: str) -> Iterable[tuple[str, float, float, int]]:
        """Read the entries of a file: keys, values, times and places."""
        with open(filename, "rb") as file:
            data = file.read(mmap.PAGESIZE)
            if len(data) < _FIRST_ENTRY:
                # Its process has only just made it.
                return iter(())
            used = _LENGTH.unpack_from(data, 0)[0]
            if used > len(data):
                data += file.read(used - len(data))
        return _read_all_values(data, used)

    def read_all_values(self) -> Iterator[tuple[str, float, float]]:
        """Yield key, value and time of every entry."""
        for key, value, timestamp, _ in self._read_all_values():
            yield key, value, timestamp

    def read_value(self, key: str) -> tuple[float, float]:
        """Return value and time of a key, which is made if it is new."""
        value, timestamp = _PAIR.unpack_from(self._memory(), self._position(key))
        return value, timestamp

    def write_value(self, key: str, value: float, timestamp: float) -> None:
        """Set value and time of a key."""
        at = self._position(key)
        # One slice is one copy: `pack_into` would clear the place first, and a reader could see the zero.
        self._memory()[at : at + _PAIR.size] = _PAIR.pack(value, timestamp)

    def close(self) -> None:
        """Close the file; what it holds stays in it."""
        if self._f and self._m:
            self._m.close()
            self._m = None
            self._f.close()
            self._f = None

    def _memory(self) -> mmap.mmap:
        if self._m is None:
            raise ValueError(f"{self._fname} is closed")
        return self._m

    def _read_all_values(self) -> Iterator[tuple[str, float, float, int]]:
        return _read_all_values(self._memory(), self._used)

    def _position(self, key: str) -> int:
        if key not in self._positions:
            self._init_value(key)
        return self._positions[key]

    def _init_value(self, key: str) -> None:
        """Append an entry of zeros, first itself and then that it counts."""
        encoded = key.encode("utf-8")
        entry = _LENGTH.pack(len(encoded)) + encoded.ljust(_padded(len(encoded))) + _PAIR.pack(0.0, 0.0)
        end = self._used + len(entry)
        if end > self._capacity and self._f:
            while end > self._capacity:
                self._capacity *= 2
            self._f.truncate(self._capacity)
            self._m = mmap.mmap(self._f.fileno(), self._capacity)
        self._memory()[self._used : end] = entry
        self._use(end)
        self._positions[key] = end - _PAIR.size

    def _use(self, used: int) -> None:
        self._used = used
        self._memory()[: _LENGTH.size] = _LENGTH.pack(used)


def mmap_key(metric_name: str, name: str, labelnames: Sequence[str], labelvalues: Sequence[str], help_text: str) -> str:
    """Return the key of a sample in these files."""
    return json.dumps([metric_name, name, dict(zip(labelnames, labelvalues, strict=False)), help_text], sort_keys=True)


adopt(__name__)
