"""Which Python this is."""

from __future__ import annotations

import platform as pf
from collections.abc import Iterable
from typing import Any

from tykmetrics.prometheus_client._identity import adopt
from tykmetrics.prometheus_client.metrics_core import GaugeMetricFamily, Metric
from tykmetrics.prometheus_client.registry import REGISTRY, Collector, CollectorRegistry


class PlatformCollector(Collector):
    """Tells the version and implementation of Python, learnt once, as `python_info`."""

    def __init__(self, registry: CollectorRegistry | None = REGISTRY, platform: Any | None = None) -> None:
        """Join a registry, if there is one; `platform` stands in for the module of that name."""
        self._platform: Any = pf if platform is None else platform
        info = self._info()
        if self._platform.system() == "Java":
            info.update(self._java())
        self._metrics = [self._add_metric("python_info", "Python platform information", info)]
        if registry:
            registry.register(self)

    def collect(self) -> Iterable[Metric]:
        """Return `python_info`."""
        return self._metrics

    @staticmethod
    def _add_metric(name: str, documentation: str, data: dict[str, str]) -> Metric:
        family = GaugeMetricFamily(name, documentation, labels=list(data))
        family.add_metric(list(data.values()), 1)
        return family

    def _info(self) -> dict[str, str]:
        major, minor, patchlevel = self._platform.python_version_tuple()
        return {
            "version": self._platform.python_version(),
            "implementation": self._platform.python_implementation(),
            "major": major,
            "minor": minor,
            "patchlevel": patchlevel,
        }

    def _java(self) -> dict[str, str]:
        version, _, (name, release, vendor), _ = self._platform.java_ver()
        return {"jvm_version": version, "jvm_release": release, "jvm_vendor": vendor, "jvm_name": name}


adopt(__name__)

PLATFORM_COLLECTOR = PlatformCollector()
"""The one of the default registry."""
