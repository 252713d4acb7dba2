"""Making `import prometheus_client` mean this package, for whoever imports it from then on.

Each of its modules is one object under two names, so an attribute that is patched under one name is patched under the
other. Modules that need somebody's package (aiohttp, Django, twisted) are imported when they are asked for.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
import warnings
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

_PEER = "prometheus_client"
_OURS = f"tykmetrics.{_PEER}"


class _Alias(Loader):
    """Loads a module of prometheus_client's name by importing the one of this package."""

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        module = importlib.import_module(f"tykmetrics.{spec.name}")
        self._spec = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        # The import system has marked the module as the other name's; it stays what it is.
        module.__spec__ = self._spec


class _Finder(MetaPathFinder):
    """Finds prometheus_client and its modules in this package, before any that is installed."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != _PEER and not fullname.startswith(_PEER + "."):
            return None
        try:
            found = importlib.util.find_spec(f"tykmetrics.{fullname}")
        except ModuleNotFoundError:
            found = None
        if found is None:
            return None
        return ModuleSpec(fullname, _Alias(), is_package=found.submodule_search_locations is not None)


def install() -> ModuleType:
    """Make `import prometheus_client`, and of each of its modules, mean this package; return it.

    Call it before anything imports prometheus_client: what imported the real one keeps it, and a warning says so.
    """
    ours = sys.modules[_OURS]
    if sys.modules.get(_PEER) is ours:
        return ours
    if _PEER in sys.modules:
        warnings.warn(
            "prometheus_client was imported before tykmetrics.prometheus_client.install(): metrics that exist already "
            "stay in its registry. Call install() first.",
            RuntimeWarning,
            stacklevel=2,
        )
    for name in [name for name in sys.modules if name == _PEER or name.startswith(_PEER + ".")]:
        del sys.modules[name]
    for name in [name for name in sys.modules if name == _OURS or name.startswith(_OURS + ".")]:
        sys.modules[name.removeprefix("tykmetrics.")] = sys.modules[name]
    sys.meta_path.insert(0, _Finder())
    return ours
