"""Route templates of ASGI applications: which of them a request matched.

What lives here: how Starlette, FastAPI, Litestar, Quart and Django say it. `asgi.py` asks after the application ran,
because routers write into the scope. Promised: a template has no part of the path that a client chose; where no route
is known there is none. Absent: imports of frameworks, which are only looked at if they are already there.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, MutableMapping

    Scope = MutableMapping[str, Any]

_OUTER_PATHS = 16
"""Distinct root paths that a server may set before they are left out: they are configuration, unless a client makes
them by way of a proxy's header."""


_KEPT = 10_000
"""Routes and mounts that are remembered: as many as a family has series before it overflows."""

_LAYERS = 100
"""Middleware around an application that is looked through: nobody has so many, and a circle ends."""


class Templates:
    """Finds the template of a request to one application."""

    def __init__(self, app: Any) -> None:
        self._app = _innermost(app)
        self._outer: set[str] = {""}
        self._mounts: dict[str, str] = {}
        # By the identity of what names a route, which cannot be hashed, and is kept so that its identity stays its own.
        self._known: dict[int, tuple[Any, str, str, str]] = {}

    def of(self, scope: Scope, app: Any, outer: str, outer_params: Mapping[str, Any]) -> str | None:
        """Return the template, or None if no route took the request.

        `app`, `outer` and `outer_params` are the scope's `app`, `root_path` and `path_params` from before the
        application ran.
        """
        named = scope.get("route")
        if named is None:
            return self._complete(self._of_other(scope, app), outer, outer_params)
        # An included router's routes know their own part of the path, FastAPI's context all of it.
        fastapi = scope.get("fastapi")
        if fastapi:
            context = fastapi.get("effective_route_context")
            if context is not None and getattr(context, "original_route", None) is named:
                named = context
        root = scope.get("root_path") or ""
        known = self._known.get(id(named))
        if known is not None and known[0] is named and known[1] == root and known[2] == outer:
            return known[3]
        template = self._complete(self._of_route(scope, named, app, outer), outer, outer_params)
        if template is not None and len(self._known) < _KEPT:
            self._known[id(named)] = (named, root, outer, template)
        return template

    def _complete(self, template: object, outer: str, outer_params: Mapping[str, Any]) -> str | None:
        """Return a template with what is before the application's own paths."""
        if not isinstance(template, str):
            return None
        return (self._outer_prefix(outer, outer_params) + template if outer else template) or "/"

    def _of_other(self, scope: Scope, app: Any) -> object:
        """Return what frameworks without a route in the scope tell."""
        template = scope.get("path_template")  # Litestar's.
        if template is not None:
            return template
        return self._of_endpoint(scope, app) if "endpoint" in scope else _of_table(self._app, scope)

    def _of_route(self, scope: Scope, named: Any, app: Any, outer: str) -> str | None:
        """Return the template of a route that Starlette or FastAPI put into the scope."""
        if _is_mount(named):
            # Its own routes took nothing. What has none, as static files, is named by where it is mounted.
            return None if named.routes else self._mounted(scope, app, outer)
        path = getattr(named, "path", None)
        if not isinstance(path, str):
            return None
        return path if (scope.get("root_path") or "") == outer else self._mounted(scope, app, outer) + path

    def _of_endpoint(self, scope: Scope, app: Any) -> str | None:
        """Return the template where only the endpoint is in the scope, as Starlette did before it had the route."""
        endpoint = scope["endpoint"]
        rest = scope.get("path", "").removeprefix(scope.get("root_path") or "")
        found = [(path, route) for path, route in _walk(_routes(app, self._app), "") if _endpoint(route) is endpoint]
        for path, route in found:
            if len(found) == 1 or route.path_regex.match(rest):
                return path
        return None

    def _mounted(self, scope: Scope, app: Any, outer: str) -> str:
        """Return the template of the mounts between the application and what took the request."""
        raw = (scope.get("root_path") or "").removeprefix(outer)
        known = self._mounts.get(raw)
        if known is None:
            known = _mounts(_routes(app, self._app), raw)
            if known is None:
                known = _without_values(raw, scope.get("path_params", {}))
            if known == raw and len(self._mounts) < _KEPT:
                # It has no parameters, so there are as many as there are mounts.
                self._mounts[raw] = known
        return known

    def _outer_prefix(self, outer: str, outer_params: Mapping[str, Any]) -> str:
        """Return what the server or an application around this one put before the path."""
        outer = _without_values(outer.rstrip("/"), outer_params)
        if outer not in self._outer:
            if len(self._outer) > _OUTER_PATHS:
                return ""
            self._outer.add(outer)
        return outer


def _innermost(app: Any) -> Any:
    """Return the application inside middleware: what is known to have routes, or the last `app` there is."""
    seen = 0
    while not hasattr(app, "routes") and hasattr(app, "app") and seen < _LAYERS:
        app = app.app
        seen += 1
    # `application.asgi_app` is given by those who wrap Quart's method.
    return getattr(app, "__self__", app)


def _routes(app: Any, fallback: Any) -> Iterable[Any]:
    """Return the routes of the application that is in the scope, or that the middleware is around."""
    return getattr(app, "routes", None) or getattr(fallback, "routes", None) or ()


def _is_mount(route: Any) -> bool:
    """Tell whether a route passes requests on to routes of its own, or to another application."""
    return hasattr(route, "routes")


def _endpoint(route: Any) -> Any:
    """Return what a route puts into the scope as its endpoint."""
    return getattr(route, "endpoint", None) or getattr(route, "app", None)


def _walk(routes: Iterable[Any], prefix: str) -> Iterator[tuple[str, Any]]:
    """Give every route that ends a path, with its template."""
    for route in routes:
        path = prefix + getattr(route, "path", "")
        inner = getattr(route, "routes", None)
        if inner:
            yield from _walk(inner, path)
        elif hasattr(route, "path_regex"):
            yield path, route


def _mounts(routes: Iterable[Any], raw: str) -> str | None:
    """Return the templates of the mounts that make up this path, joined."""
    for route in routes:
        if not _is_mount(route):
            continue
        regex = getattr(route, "path_regex", None)
        if regex is None:  # A host: it takes nothing from the path.
            found = _mounts(route.routes, raw)
            if found is not None:
                return found
            continue
        match = regex.match(raw + "/")
        if match is None:
            continue
        rest = match.group("path").rstrip("/")
        if not rest:
            return str(route.path)
        found = _mounts(route.routes, "/" + rest)
        if found is not None:
            return str(route.path) + found
    return None


def _without_values(path: str, params: Mapping[str, Any]) -> str:
    """Return a path with the values of its parameters replaced by their names."""
    names = {str(value): "{" + name + "}" for name, value in params.items()}
    return "/".join(names.get(part, part) for part in path.split("/")) if names else path


def _of_table(app: Any, scope: Scope) -> str | None:
    """Return the template where the scope does not have it and the application's own table does."""
    path = scope.get("path", "").removeprefix(scope.get("root_path") or "") or "/"
    handlers = sys.modules.get("django.core.handlers.asgi")
    if handlers is not None and isinstance(app, handlers.ASGIHandler):
        return of_django(path)
    quart = sys.modules.get("quart")
    if quart is not None and isinstance(app, quart.Quart):
        return of_werkzeug(app, path, scope.get("method", "GET"), websocket=scope.get("type") == "websocket")
    return None


def of_werkzeug(app: Any, path: str, method: str, *, websocket: bool | None = None) -> str | None:
    """Return the rule for this path in the map of a Flask or Quart application."""
    from werkzeug.exceptions import HTTPException

    adapter = app.url_map.bind(app.config.get("SERVER_NAME") or "localhost")
    try:
        rule, _ = adapter.match(path, method, return_rule=True, websocket=websocket)
    except HTTPException:
        return None
    return str(rule.rule)


def of_django(path: str) -> str | None:
    """Return the route for this path in Django's table."""
    urls = sys.modules.get("django.urls")
    if urls is None:
        return None
    try:
        return django_template(urls.resolve(path).route)
    except urls.Resolver404:
        return None


def django_template(route: str) -> str:
    """Return a route of Django's with the slash it leaves out, and without the anchors of regular expressions."""
    return "/" + route.replace("^", "").removesuffix("$").removesuffix("\\Z").lstrip("/")
