"""A handler for aiohttp's server that answers with the metrics of a registry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import hdrs, web

from tykmetrics.prometheus_client.exposition import _bake_output
from tykmetrics.prometheus_client.registry import REGISTRY, Collector

if TYPE_CHECKING:
    from aiohttp.typedefs import Handler


def make_aiohttp_handler(registry: Collector = REGISTRY, disable_compression: bool = False) -> Handler:
    """Return a handler for the metrics of a registry."""

    async def prometheus_handler(request: web.Request) -> web.Response:
        status, headers, output = _bake_output(
            registry,
            ",".join(request.headers.getall(hdrs.ACCEPT, [])),
            "",
            {name: request.query.getall(name) for name in request.query},
            # aiohttp packs the answer itself.
            disable_compression=True,
        )
        response = web.Response(status=int(status.split(" ")[0]), headers=headers, body=output)
        if not disable_compression:
            response.enable_compression()
        return response

    return prometheus_handler
