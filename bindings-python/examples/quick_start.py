"""The quick start of the READMEs: metrics, requests, a scrape. It prints what a scraper would get."""

from __future__ import annotations

# README begin
from tykmetrics import Counter, Histogram, render, track_request

requests = Counter("app_requests_total", "Requests answered", ["method", "status"])
latency = Histogram("app_request_duration_seconds", "Time to answer")

# Where a route is set up: one series, to keep.
ok = requests.labels("GET", "200")


# A request of a gateway, counted and timed by endpoint, status, provider and model; coroutines and generators too.
@track_request(endpoint="/api/chat", method="POST", provider="openai", model="gpt-4")
def chat() -> str:
    """Answer."""
    return "hello"


# For each request. Each line is one native call that adds to a cell of this interpreter's own.
ok.inc()
latency.observe(0.012)
requests.labels("POST", "500").inc()
chat()

# For a scraper, while other threads run on; `make_asgi_app`, `make_wsgi_app` and `start_http_server` serve it.
body = render("openmetrics")
# README end
print(body.decode())
