"""Moving from prometheus_client: the import is all that changes, in the program and in packages that it uses."""

from __future__ import annotations

# Before anything imports prometheus_client: from here on, that name means this package.
from tykmetrics.prometheus_client import install

install()

from prometheus_client import REGISTRY, Counter, generate_latest  # noqa: E402

requests = Counter("my_requests", "HTTP requests", ["method"])
requests.labels("get").inc()

assert b'my_requests_total{method="get"} 1.0' in generate_latest(REGISTRY)
assert REGISTRY.get_sample_value("my_requests_total", {"method": "get"}) == 1.0
