"""Decorators that keep the signature of what they decorate, for every way of asking for it.

A wrapper of `functools.wraps` takes whatever it is given and calls on. Here the wrapper is a function of the very
parameters, so a call that does not fit fails before anything is counted or timed, and `inspect.getfullargspec`, which
does not look behind wrappers, sees them. The rest of the decorator package, which prometheus_client carries in this
place (`FunctionMaker`, `dispatch_on`, `contextmanager`), is absent.
"""

from __future__ import annotations

import functools
import inspect
import itertools
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar, cast

from tykmetrics.prometheus_client._identity import adopt

F = TypeVar("F", bound=Callable[..., Any])

_numbers = itertools.count()


class ArgSpec(NamedTuple):
    """Parameters as `inspect.getargspec` told them."""

    args: list[str]
    varargs: str | None
    varkw: str | None
    defaults: tuple[Any, ...] | None


def getargspec(f: Callable[..., Any]) -> ArgSpec:
    """Return the parameters of a function that can be given by position."""
    spec = inspect.getfullargspec(f)
    return ArgSpec(spec.args, spec.varargs, spec.varkw, spec.defaults)


def decorate(func: F, caller: Callable[..., Any]) -> F:
    """Return a function of the parameters of `func` that answers with `caller(func, *args, **kwargs)`.

    A coroutine function is decorated by a coroutine function if `caller` is one.
    """
    if not inspect.isfunction(func):
        return _loose(func, caller)
    declared, passed = _parameters(func)
    taken = {parameter.strip("*") for parameter in declared}
    call_name, func_name = _free("_call_", taken), _free("_func_", taken)
    asynchronous = inspect.iscoroutinefunction(caller)
    source = (
        f"{'async ' if asynchronous else ''}def wrapper({', '.join(declared)}):\n"
        f"    return {'await ' if asynchronous else ''}{call_name}({', '.join([func_name, *passed])})\n"
    )
    # Profilers tell functions apart by file name, line and name.
    code = compile(source, f"<decorated-{next(_numbers)}>", "exec")
    namespace: dict[str, Any] = {call_name: caller, func_name: func}
    exec(code, namespace)
    wrapper = namespace["wrapper"]
    wrapper.__defaults__ = func.__defaults__
    wrapper.__kwdefaults__ = func.__kwdefaults__
    return cast(F, functools.update_wrapper(wrapper, func))


def _parameters(func: Callable[..., Any]) -> tuple[list[str], list[str]]:
    """Return the parameters as a `def` declares them, and as a call passes them on."""
    declared: list[str] = []
    passed: list[str] = []
    kinds = inspect.Parameter
    starred = False
    parameters = list(inspect.signature(func, follow_wrapped=False).parameters.values())
    for at, parameter in enumerate(parameters):
        name = parameter.name
        if parameter.kind is kinds.VAR_POSITIONAL:
            starred = True
            declared.append(f"*{name}")
            passed.append(f"*{name}")
        elif parameter.kind is kinds.VAR_KEYWORD:
            declared.append(f"**{name}")
            passed.append(f"**{name}")
        elif parameter.kind is kinds.KEYWORD_ONLY:
            if not starred:
                starred = True
                declared.append("*")
            # The default itself is set on the function: here it only has to be there.
            declared.append(name if parameter.default is kinds.empty else f"{name}=None")
            passed.append(f"{name}={name}")
        else:
            declared.append(name if parameter.default is kinds.empty else f"{name}=None")
            passed.append(name)
            following = parameters[at + 1 : at + 2]
            if parameter.kind is kinds.POSITIONAL_ONLY and not (
                following and following[0].kind is kinds.POSITIONAL_ONLY
            ):
                declared.append("/")
    return declared, passed


def _free(name: str, taken: set[str]) -> str:
    """Return a name like this one that no parameter has."""
    while name in taken:
        name += "_"
    return name


def _loose(func: F, caller: Callable[..., Any]) -> F:
    """Decorate what is callable without being a function: a class, a partial, a built-in."""
    if not callable(func):
        raise TypeError(f"You are decorating a non function: {func!r}")

    @functools.wraps(func)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return caller(func, *args, **kwargs)

    return cast(F, wrapper)


def decorator(caller: Callable[..., Any], _func: Callable[..., Any] | None = None) -> Callable[..., Any]:
    """Turn a caller, `caller(func, *args, **kwargs)`, into a decorator of functions."""
    if _func is not None:
        return decorate(_func, caller)

    def decorating(func: Callable[..., Any]) -> Callable[..., Any]:
        return decorate(func, caller)

    return functools.update_wrapper(decorating, caller, updated=())


adopt(__name__)
