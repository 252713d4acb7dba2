"""What the README shows: metrics, a request that is tracked, and what a scraper gets."""

from __future__ import annotations

from tykmetrics import Counter, Histogram, get_metrics_collector, render, start_http_server, track_request

requests = Counter("requests_total", "Requests answered", ["method", "status"])
latency = Histogram("request_seconds", "Time to answer", ["route"])

# Where a route is set up: one series, to keep.
ok = requests.labels("GET", "200")
users = latency.labels("/users/{id}")

# For each request.
ok.inc()
users.observe(0.012)
requests.labels(method="POST", status=500).inc()  # a lookup, where the labels are only known now

with users.time():
    pass


# Counted, timed and its errors counted; async functions, generators and methods as well.
@track_request(endpoint="/api/chat", method="POST", provider="openai", model="gpt-4")
def chat(message: str) -> str:
    """Answer a message."""
    return message[::-1]


assert chat("hello") == "olleh"

collector = get_metrics_collector()
collector.record_request("/api/chat", "POST", latency_seconds=0.245, status_code=502, provider="openai", model="gpt-4")
collector.record_cache_hit()

# For a scraper: in the format that it asks for, while other threads run on.
server = start_http_server(port=0)
text = render("openmetrics").decode()
assert 'requests_total{method="POST",status="500"} 1' in text
assert 'http_request_errors_total{endpoint="/api/chat",method="POST"} 1' in text
server.close()
