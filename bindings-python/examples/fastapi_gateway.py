"""A gateway to AI providers on FastAPI: every request, provider and model is counted and timed.

Run it with `python fastapi_gateway.py`, ask `/api/chat` and read `/metrics/`.
"""

from __future__ import annotations

import argparse
import asyncio
import random

import uvicorn
from fastapi import FastAPI, HTTPException
from pydantic import BaseModel

from tykmetrics import get_metrics_collector, make_asgi_app, track_block, track_request
from tykmetrics.middleware.asgi import MetricsMiddleware

app = FastAPI(title="gateway")
# Counts, times and sizes every request by the template of its route.
app.add_middleware(MetricsMiddleware)
app.mount("/metrics", make_asgi_app())

collector = get_metrics_collector()
answers: dict[str, str] = {}


class Question(BaseModel):
    """What is asked of a model."""

    model: str = "gpt-4"
    message: str


# A provider and its model have families of their own. The endpoint of this one is its function's name.
@track_request(endpoint="openai.complete", method="POST", provider="openai", model="gpt-4")
async def complete(message: str) -> str:
    """Ask the provider, as far as this example goes."""
    await asyncio.sleep(random.uniform(0.001, 0.005))
    if "fail" in message:
        raise HTTPException(502, "the provider failed")
    return message[::-1]


@app.post("/api/chat")
async def chat(question: Question) -> dict[str, str]:
    """Answer a question, from the cache if it was asked before."""
    known = answers.get(question.message)
    if known is not None:
        collector.record_cache_hit()
        return {"answer": known}
    collector.record_cache_miss()
    async with track_block("complete"):
        answer = await complete(question.message)
    answers[question.message] = answer
    return {"answer": answer}


@app.get("/api/models/{model}")
async def model(model: str) -> dict[str, str]:
    """Tell about a model: whichever is asked for, its endpoint is `/api/models/{model}`."""
    if model != "gpt-4":
        raise HTTPException(404, f"there is no model {model}")
    return {"model": model}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8000)
    uvicorn.run(app, host="127.0.0.1", port=parser.parse_args().port)
