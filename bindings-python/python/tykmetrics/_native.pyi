"""The native half of the package: metrics, registries, requests, and the texts of the exposition formats.

`tests/typed/test_types.py` holds this against the module itself. What begins with an underscore is for the package.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, SupportsFloat, SupportsIndex, TypeAlias, TypedDict, final, type_check_only

from typing_extensions import Self, disjoint_base

__all__ = [
    "Counter",
    "Enum",
    "Exchange",
    "Exchanges",
    "Gauge",
    "Histogram",
    "Info",
    "Registry",
    "Requests",
    "Route",
    "Server",
    "Summary",
    "__version__",
    "after_fork_in_child",
    "after_fork_in_parent",
    "before_fork",
    "content_type",
    "equip",
    "negotiate",
    "negotiate_encoding",
    "parse_openmetrics",
    "parse_text",
    "write_openmetrics",
    "write_text",
]

__version__: str

_Sample: TypeAlias = tuple[str, dict[str, str], float, Any, Any, Any]
_Family: TypeAlias = tuple[str, str, str, str, list[_Sample]]
_Number: TypeAlias = SupportsFloat | SupportsIndex

@type_check_only
class _Asked(TypedDict):
    """What a family is made from."""

    name: str
    documentation: str
    label_names: Sequence[str]
    unit: str
    limit: int | None
    expire_after: float | None
    const_labels: Sequence[tuple[str, str]]
    buckets: Sequence[float] | None
    range: tuple[float, float] | None
    native: Sequence[int | None]
    store: str | None
    quantiles: Sequence[float] | None
    window: float | None
    states: Sequence[str] | None
    takes_infinity: bool
    only_sets: bool

class _Metric:
    """What the native halves of all metrics have."""

    def __new__(cls, *args: Any, **kwargs: Any) -> Self: ...
    @property
    def _documentation(self) -> str: ...
    @property
    def _full_name(self) -> str: ...
    @property
    def _labelnames(self) -> tuple[str, ...]: ...
    @property
    def _labelvalues(self) -> tuple[str, ...]: ...
    @property
    def _unit(self) -> str: ...
    def _children(self) -> list[list[str]]: ...
    def _clear(self) -> None: ...
    def _forget(self) -> None: ...
    def _is_observable(self) -> bool: ...
    def _list(self, registry: Registry) -> None: ...
    def _make(self, maker: Registry, asked: _Asked) -> None: ...
    def _remove(self, *values: object) -> bool: ...
    def _remove_matching(self, labels: Sequence[tuple[str, str]]) -> int: ...
    def _tell(self, created: bool) -> _Family: ...
    def labels(self, /, *labelvalues: object, **labelkwargs: object) -> Self:
        """Return the series of these label values, by place or by name."""

@disjoint_base
class Counter(_Metric):
    """A counter's native half."""

    def _get(self) -> float: ...
    def _reset(self) -> None: ...
    def inc(self, /, amount: _Number = 1, exemplar: Mapping[str, str] | None = None) -> None:
        """Add to the counter; with an exemplar, which stands for what was counted."""

@final
class Exchange:
    """A request that is served, and what is kept of its scope before routers write into it."""

    @property
    def application(self) -> Any: ...
    @property
    def complete(self) -> bool:
        """True once the last message of the response was passed."""

    @property
    def gone(self) -> bool:
        """True if the client left before the response was complete."""

    @property
    def method(self) -> str:
        """The method, or what stands for it."""

    @property
    def outer(self) -> str:
        """The root path that the server or an application around this one set."""

    @property
    def outer_params(self) -> Any: ...
    @property
    def over(self) -> bool:
        """True once the request was ended."""

    @property
    def receive(self) -> Any: ...
    @property
    def scope(self) -> Any: ...
    @property
    def send(self) -> Any: ...
    def end(self, status: int | None, /) -> tuple[float, int, int, int] | None:
        """End the request with this status, or with None with its response's (499 if the client left before its end).

        If its endpoint is remembered, record it; else return the seconds, the status and the bytes that were received
        and sent, for the caller to record. None if there is nothing left to do.
        """

    def lost(self) -> None:
        """Take note that the client left."""

    def receives(self, message: Any, /) -> None:
        """Look at a message that the application gets."""

    def sends(self, message: Any, /) -> bool:
        """Look at a message of the application before the server gets it, and tell whether it is the last one."""

@final
class Exchanges:
    """The requests to one application."""

    def __new__(cls, skip: frozenset[str], known: dict[str, Any], find: Callable[[object], Any]) -> Self: ...
    def begin(self, scope: Any, receive: Any, send: Any, /) -> Exchange | None:
        """Begin a request, unless the scope is of something else or its path is to be skipped."""

    def remember(
        self,
        exchange: Exchange,
        route: Route,
        received: Histogram,
        sent: Histogram,
        /,
    ) -> None:
        """Remember what records the requests to this exchange's route by its method."""

@disjoint_base
class Gauge(_Metric):
    """A gauge's native half."""

    def _get(self) -> float: ...
    def _set_function(self, function: Callable[[], _Number]) -> None: ...
    def dec(self, /, amount: _Number = 1) -> None:
        """Take from the gauge."""

    def inc(self, /, amount: _Number = 1) -> None:
        """Add to the gauge."""

    def set_max(self, value: _Number) -> None:
        """Set the gauge to a value if that is more."""

    def set_min(self, value: _Number) -> None:
        """Set the gauge to a value if that is less."""

    def set(self, /, value: _Number | str) -> None:
        """Set the gauge to a value."""

@disjoint_base
class Histogram(_Metric):
    """A histogram's native half."""

    @property
    def _upper_bounds(self) -> list[float]: ...
    def _get(self) -> tuple[float, list[tuple[float, int]]]: ...
    def observe(self, /, amount: _Number, exemplar: Mapping[str, str] | None = None) -> None:
        """Record a value; with an exemplar, which stands for its bucket."""

    def quantile(self, q: float) -> float:
        """Return the value that a share `q` of the observations is at or below."""

@disjoint_base
class Summary(_Metric):
    """A summary's native half."""

    def _get(self) -> tuple[float, int]: ...
    def observe(self, /, amount: _Number) -> None:
        """Record a value."""

@disjoint_base
class Info(_Metric):
    """An info's native half."""

    def _set(self, labels: dict[str, str]) -> None: ...

@disjoint_base
class Enum(_Metric):
    """An enum's native half."""

    @property
    def _states(self) -> tuple[str, ...]: ...
    def _enter(self, state: str) -> None: ...

@final
class Registry:
    """A registry of the engine."""

    def __new__(cls, series_limit: int | None = None, const_labels: Sequence[tuple[str, str]] = ...) -> Self: ...
    def add_collector(self, collector: object) -> int: ...
    def maintain(self) -> None: ...
    def remove_collector(self, id: int) -> bool: ...
    def render(
        self, format: str = "text", *, encoding: str = "identity", created: bool = False, empty_families: bool = False
    ) -> bytes: ...
    def series(self) -> int: ...
    def tell_engine(self) -> list[_Family]: ...
    def unlist(self, name: str) -> bool: ...

@disjoint_base
class Requests:
    """The families of a gateway in a registry."""

    def __new__(cls, registry: Registry | None = None) -> Self: ...
    def _list(self, registry: Registry) -> int: ...
    def _tell(self, created: bool) -> list[_Family]: ...
    def record_cache_hit(self) -> None:
        """Count a lookup that the cache answered."""

    def record_cache_miss(self) -> None:
        """Count a lookup that the cache did not answer."""

    def record_db_query(self, latency_seconds: float) -> None:
        """Count a database query that took so many seconds."""

    def record_external_api_call(self, service: object, error: bool = False) -> None:
        """Count a call to another service, and whether it failed."""

    def record_request(
        self,
        /,
        endpoint: str,
        method: str,
        latency_seconds: float,
        status_code: int,
        provider: str | None = None,
        model: str | None = None,
    ) -> None:
        """Count a request: by endpoint, method and status, and by provider and model if it went to one."""

    def route(self, endpoint: str, method: str, provider: str | None = None, model: str | None = None) -> Route: ...

@final
class Route:
    """The requests to one endpoint, by one method, to one provider and model."""

    def begin(self, /) -> int: ...
    def end(self, begin: int, status_code: int, /) -> None: ...

@final
class Server:
    """A server that runs."""

    def __new__(cls, registry: Registry, settings: str) -> Self: ...
    @property
    def addr(self) -> str:
        """The IP address or the `unix:PATH` at which it listens."""

    @property
    def port(self) -> int:
        """The port that it has; 0 for a socket in the file system."""

    @property
    def url(self) -> str:
        """Its address for programs and people."""

    def close(self) -> None: ...

def after_fork_in_child() -> None: ...
def after_fork_in_parent() -> None: ...
def before_fork() -> None: ...
def content_type(format: str) -> str: ...
def equip(class_: type) -> None: ...
def negotiate(accept: str) -> tuple[str, str]: ...
def negotiate_encoding(accept_encoding: str) -> str: ...
def parse_openmetrics(text: str) -> list[_Family]: ...
def parse_text(text: str) -> list[_Family]: ...
def write_openmetrics(families: Iterable[Any], version: str, escaping: str, created: bool = True) -> bytes: ...
def write_text(families: Iterable[Any], version: str, escaping: str, created: bool = True) -> bytes: ...
