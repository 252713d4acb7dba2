"""The package's types, held against the package itself and against what users write."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
PACKAGE = HERE.parents[1]
PATIENCE = 600


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a checker where neither the sources nor a cache of theirs can take the place of what is installed."""
    return subprocess.run(
        [sys.executable, "-m", *command],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
        cwd=HERE,
        # Pyright looks at the packages of the first interpreter there is.
        env={
            **os.environ,
            "MYPY_CACHE_DIR": os.devnull,
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        },
    )


def test_the_stubs_are_what_the_native_module_has():
    ended = run("mypy.stubtest", "tykmetrics", "--concise", "--allowlist", HERE / "stubtest.txt")
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_every_exception_from_the_stubs_says_why():
    lines = (HERE / "stubtest.txt").read_text().splitlines()
    for above, line in zip(["", *lines], lines, strict=False):
        if line and not line.startswith("#"):
            assert above.startswith("#") or re.search(r"\S\s+# \S", line), f"{line}: no reason"


def test_every_public_type_is_complete():
    ended = run("pyright", "--verifytypes", "tykmetrics", "--ignoreexternal", "--outputjson")
    report = json.loads(ended.stdout)["typeCompleteness"]
    unknown = [
        f"{symbol['name']}: {symbol['diagnostics'][0]['message'] if symbol['diagnostics'] else '?'}"
        for symbol in report["symbols"]
        if symbol["isExported"] and not (symbol["isTypeKnown"] and not symbol["isTypeAmbiguous"])
    ]
    assert not unknown, "\n".join(unknown)
    assert report["completenessScore"] == 1


@pytest.mark.parametrize("checker", ["mypy", "pyright"])
@pytest.mark.parametrize("file", ["user_code.py", "drop_in.py"])
def test_what_users_write_has_the_types_they_expect(checker, file):
    options = {
        "mypy": ["mypy", "--strict", "--warn-unused-ignores", "--config-file", os.devnull],
        "pyright": ["pyright", "--project", HERE / "pyrightconfig.json"],
    }
    ended = run(*options[checker], HERE / file)
    assert ended.returncode == 0, ended.stdout + ended.stderr


@pytest.mark.parametrize("checker", ["mypy", "pyright"])
def test_a_checker_that_sees_no_types_is_found_out(checker, tmp_path):
    """If the package were untyped for a checker, everything above would pass."""
    file = tmp_path / "wrong.py"
    file.write_text("import tykmetrics\ntykmetrics.Counter(1, 2, nothing=3)\ntykmetrics.record_request(None)\n")
    ended = run(checker, *(["--strict", "--config-file", os.devnull] if checker == "mypy" else []), file)
    assert ended.returncode == 1
    assert len(re.findall(r":\d+:\d+ - error|:\d+: error", ended.stdout)) >= 2, ended.stdout


def test_the_package_says_that_it_is_typed():
    import tykmetrics

    assert (Path(tykmetrics.__file__).parent / "py.typed").exists()
    assert (PACKAGE / "python" / "tykmetrics" / "py.typed").read_text() == ""
