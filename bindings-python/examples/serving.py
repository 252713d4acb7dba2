"""Serves metrics to who has a token, and asks for them once."""

from __future__ import annotations

from urllib.request import Request, urlopen

from tykmetrics import Counter, start_http_server

jobs = Counter("app_jobs_total", "Jobs done", ["owner"])

with start_http_server(
    port=0,  # any that is free; 9090 if nobody says otherwise
    bearer_token="token",
    limits={"concurrent_scrapes": 4, "scrape_timeout": "10s"},
    config={"hygiene.enabled": True},  # addresses and keys in label values are replaced
) as server:
    jobs.labels("somebody@example.org").inc()
    asked = Request(f"{server.url}/metrics", headers={"Authorization": "Bearer token"})
    with urlopen(asked) as answer:
        print(answer.read().decode())
