"""The wheel as users get it: what is in it, what it says of itself, and that it works where nothing else of ours is."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import re
import sys
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest
import tomllib
from clean import PROGRAM, REPOSITORY, checked

# Modules that cost more to import than tykmetrics does, and frameworks. Whoever needs them imports them then.
HEAVY = {
    "aiohttp",
    "asyncio",
    "django",
    "email",
    "fastapi",
    "flask",
    "grpc",
    "http.server",
    "logging",
    "multiprocessing",
    "prometheus_client",
    "socket",
    "ssl",
    "starlette",
    "unittest",
    "urllib.request",
    "wsgiref",
}


@pytest.fixture(scope="module")
def names(wheel):
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


@pytest.fixture(scope="module")
def metadata(wheel):
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        return Parser().parsestr(archive.read(name).decode())


def test_one_wheel_serves_every_python_since_3_10_on_linux(wheel):
    assert re.fullmatch(r"tykmetrics-[0-9.]+-cp310-abi3-manylinux_2_\d+_\w+\.whl", wheel.name), wheel.name


def test_it_needs_nothing_that_its_name_does_not_promise(wheel):
    """Auditwheel reads the symbols of the library, and says for which systems they suffice."""
    said = checked(sys.executable, "-m", "auditwheel", "show", wheel).replace("\n", " ")
    found = re.search(r'platform tag: "(manylinux_2_(\d+)_\w+)"', said)
    assert found, said
    promised = re.search(r"manylinux_2_(\d+)_", wheel.name)
    assert promised
    assert int(found[2]) <= int(promised[1])


def test_it_keeps_to_the_stable_abi(wheel):
    """abi3audit reads the symbols of the library that are Python's."""
    checked(sys.executable, "-m", "abi3audit", "--strict", wheel)


def test_it_holds_the_package_its_types_and_its_licences_and_nothing_else(names):
    first = {name.split("/")[0] for name in names}
    assert {part for part in first if not part.endswith(".dist-info")} == {"tykmetrics"}
    for wanted in (
        "tykmetrics/__init__.py",
        "tykmetrics/_native.abi3.so",
        "tykmetrics/_native.pyi",
        "tykmetrics/py.typed",
    ):
        assert wanted in names
    for licence in ("LICENSE", "LICENSE-APACHE"):
        assert any(name.endswith(f".dist-info/licenses/{licence}") for name in names)
    odd = [name for name in names if re.search(r"(^|/)(tests?|bench|target)/|__pycache__|\.pyc$|\.rs$", name)]
    assert not odd


def test_every_file_of_the_package_is_in_it(names):
    source = REPOSITORY / "bindings-python" / "python"
    wanted = {
        str(file.relative_to(source))
        for file in source.rglob("*")
        if file.is_file() and "__pycache__" not in file.parts and file.suffix not in {".pyc", ".so"}
    }
    assert wanted - set(names) == set()


def test_every_file_is_what_the_wheel_says_it_is(wheel):
    with zipfile.ZipFile(wheel) as archive:
        (record,) = [name for name in archive.namelist() if name.endswith("/RECORD")]
        rows = list(csv.reader(io.StringIO(archive.read(record).decode())))
        assert {row[0] for row in rows} == set(archive.namelist())
        for name, digest, size in rows:
            if name != record:
                data = archive.read(name)
                own = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
                assert (digest, int(size)) == (f"sha256={own}", len(data)), name


def test_it_says_what_it_is(metadata):
    workspace = tomllib.loads((REPOSITORY / "Cargo.toml").read_text())["workspace"]["package"]
    assert metadata["Name"] == "tykmetrics"
    assert metadata["Version"] == workspace["version"]
    assert metadata["License-Expression"] == workspace["license"]
    assert metadata["Requires-Python"] == ">=3.10"
    assert all("extra ==" in needed for needed in metadata.get_all("Requires-Dist"))
    assert metadata["Description-Content-Type"].startswith("text/markdown")
    addresses = dict(entry.split(", ", 1) for entry in metadata.get_all("Project-URL"))
    assert {"Homepage", "Source", "Issues", "Changelog"} <= set(addresses)
    assert all(address.startswith(workspace["repository"]) for address in addresses.values())
    classifiers = metadata.get_all("Classifier")
    assert "Typing :: Typed" in classifiers
    for version in ("3.10", "3.11", "3.12", "3.13"):
        assert f"Programming Language :: Python :: {version}" in classifiers


def test_the_index_would_take_it_and_show_its_page(wheel, sdist):
    checked(sys.executable, "-m", "twine", "check", "--strict", wheel, sdist)


def test_the_page_has_no_link_that_only_works_in_the_repository(metadata):
    links = re.findall(r"\]\(([^)]+)\)", metadata.get_payload())
    assert [link for link in links if not link.startswith(("https://", "#"))] == []


def test_it_works_in_a_clean_environment(python, use):
    assert use(python, ["-c", PROGRAM]).strip() == "works"


def test_its_version_is_the_same_everywhere(python, use, metadata):
    said = use(
        python,
        ["-c", "import tykmetrics, importlib.metadata as m; print(tykmetrics.__version__, m.version('tykmetrics'))"],
    )
    assert said.split() == [metadata["Version"]] * 2


def test_it_works_from_a_folder_that_nobody_may_write_and_with_an_odd_name(wheel, tmp_path, use):
    folder = tmp_path / "ein Verzeichnis mit Lücke"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        said = use(
            Path(sys.executable),
            [
                "-B",
                "-c",
                f"import sys; sys.path.insert(0, {str(folder)!r}); import tykmetrics; print(tykmetrics.__file__)",
            ],
        )
    finally:
        for path in [folder, *folder.rglob("*")]:
            path.chmod(0o755)
    assert said.startswith(str(folder))


def test_the_program_prints_what_a_process_would_expose(python, use):
    said = use(python, ["-m", "tykmetrics"])
    assert "# TYPE process_cpu_seconds_total counter" in said


def test_importing_it_imports_nothing_heavy_and_starts_nothing(python, use):
    said = use(
        python,
        [
            "-c",
            "import sys; before = set(sys.modules); import tykmetrics, threading; "
            "assert threading.active_count() == 1; print(*(set(sys.modules) - before))",
        ],
    )
    assert set(said.split()) & HEAVY == set()


def test_everything_that_is_public_can_be_imported_without_any_framework(python, use):
    """A middleware names its framework only where it needs it; grpc's interceptors are the exception, they subclass."""
    said = use(
        python,
        [
            "-c",
            "import importlib, pkgutil, tykmetrics\n"
            "for module in pkgutil.walk_packages(tykmetrics.__path__, 'tykmetrics.'):\n"
            "    try:\n        importlib.import_module(module.name)\n"
            "    except ImportError as error:\n        print(module.name, error.name)\n",
        ],
    )
    missing = dict(line.split() for line in said.splitlines() if "__main__" not in line)
    assert set(missing.values()) <= {"aiohttp", "asgiref", "django", "grpc", "pytest", "twisted"}, missing


def test_taking_it_away_leaves_nothing(environment, wheel):
    python = environment(wheel)
    checked(sys.executable, "-m", "pip", "--python", python, "uninstall", "--quiet", "--yes", "tykmetrics")
    assert not list(python.parents[1].rglob("*tykmetrics*"))
