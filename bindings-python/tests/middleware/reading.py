"""Reading a registry in tests: all samples of a family at once."""

from __future__ import annotations

from tykmetrics import Registry


def samples(registry: Registry, name: str) -> dict[tuple[str, ...], float]:
    """Give the samples of this name by their label values, in the order of the labels' names."""
    found = {}
    for family in registry.collect():
        for sample in family.samples:
            if sample.name == name:
                found[tuple(value for _, value in sorted(sample.labels.items()))] = sample.value
    return found


def requests(registry: Registry) -> dict[tuple[str, ...], float]:
    """Give the requests by endpoint and method."""
    return samples(registry, "http_requests_total")


def statuses(registry: Registry) -> dict[tuple[str, ...], float]:
    """Give the responses by endpoint and status."""
    return samples(registry, "http_response_status_total")


def idle(registry: Registry) -> bool:
    """Tell whether nothing is in flight."""
    return not any(samples(registry, "http_requests_in_flight").values())
