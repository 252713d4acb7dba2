"""`python -m tykmetrics`: prints what a process would expose.

What lives here: the command line. Without options it prints the default registry of a bare process; `-m` imports
modules first, so that what they register is there too. Nothing is served and nothing else is run.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from typing import TYPE_CHECKING

from tykmetrics import __version__, render

if TYPE_CHECKING:
    from collections.abc import Sequence

FORMATS = ("text", "openmetrics", "protobuf", "json")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tykmetrics",
        description="Print the metrics that a process of this interpreter would expose.",
    )
    parser.add_argument("--format", choices=FORMATS, default="text", help="as what to print them (default: text)")
    parser.add_argument(
        "-m",
        "--module",
        action="append",
        default=[],
        metavar="NAME",
        help="import a module first, whose metrics are then among them; may be given several times",
    )
    parser.add_argument("--version", action="version", version=f"tykmetrics {__version__}")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the default registry; return the exit status."""
    given = _parser().parse_args(arguments)
    for name in given.module:
        try:
            importlib.import_module(name)
        except Exception as error:
            print(f"python -m tykmetrics: cannot import {name}: {type(error).__name__}: {error}", file=sys.stderr)
            return 1
    try:
        sys.stdout.buffer.write(render(given.format))
        sys.stdout.buffer.flush()
    except BrokenPipeError:  # Of `| head`. The interpreter would flush once more, and complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


if __name__ == "__main__":
    sys.exit(main())
