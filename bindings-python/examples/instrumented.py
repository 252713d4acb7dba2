"""A program that instruments itself with prometheus_client, recorded by tykmetrics. It prints where its metric went."""

from __future__ import annotations

import tykmetrics.prometheus_client

tykmetrics.prometheus_client.install()  # before they are imported

import prometheus_client  # noqa: E402 - it is tykmetrics.prometheus_client now

prometheus_client.Counter("app_jobs_total", "Jobs done").inc()
print(tykmetrics.render("openmetrics").decode())
