"""A shop on Flask: every request is counted by its rule, and the shop counts what it sells.

Run it with `python flask_app.py`, order with `curl -X POST http://127.0.0.1:5000/orders/book` and read `/metrics`.
"""

from __future__ import annotations

import argparse

from flask import Flask, abort
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from tykmetrics import Counter, Histogram, make_wsgi_app, track_block
from tykmetrics.middleware.wsgi import MetricsMiddleware

app = Flask(__name__)
# What is mounted beside the application is not counted: the middleware is around the application alone.
app.wsgi_app = DispatcherMiddleware(  # type: ignore[method-assign]
    MetricsMiddleware(app.wsgi_app), {"/metrics": make_wsgi_app()}
)

PRICES = {"book": 12.5, "pen": 1.2}

sold = Counter("shop_sold_total", "Things sold", ["thing"])
prices = Histogram("shop_order_euros", "What orders cost", buckets=[1, 10, 100])


@app.post("/orders/<thing>")
def order(thing: str) -> tuple[dict[str, float], int]:
    """Sell a thing."""
    if thing not in PRICES:
        abort(404)
    with track_block("order"):
        sold.labels(thing).inc()
        prices.observe(PRICES[thing])
    return {"price": PRICES[thing]}, 201


@app.get("/things/<thing>")
def show(thing: str) -> dict[str, float]:
    """Tell what a thing costs."""
    if thing not in PRICES:
        abort(404)
    return {"price": PRICES[thing]}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=5000)
    app.run("127.0.0.1", parser.parse_args().port, threaded=True)
