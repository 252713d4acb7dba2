"""The source distribution: everything that a build needs, and nothing of the place it was made at."""

from __future__ import annotations

import os
import re
import sys
import tarfile
from pathlib import Path

import pytest
import tomllib
from clean import PROGRAM, REPOSITORY, checked


@pytest.fixture(scope="module")
def unpacked(sdist, tmp_path_factory):
    folder = tmp_path_factory.mktemp("sdist")
    with tarfile.open(sdist) as archive:
        # Of the newer versions, all of which check what they unpack.
        archive.extractall(folder, **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))
    (root,) = folder.iterdir()
    return root


def test_it_has_the_sources_the_lock_and_the_licences(unpacked):
    files = {str(file.relative_to(unpacked)) for file in unpacked.rglob("*") if file.is_file()}
    for wanted in (
        "PKG-INFO",
        "pyproject.toml",
        "Cargo.toml",
        "Cargo.lock",
        "README.md",
        "LICENSE",
        "LICENSE-APACHE",
        "core/Cargo.toml",
        "core/src/lib.rs",
        "server/src/lib.rs",
        "server/src/page/web/page.html",
        "bindings-python/Cargo.toml",
        "bindings-python/src/lib.rs",
        "python/tykmetrics/__init__.py",
        "python/tykmetrics/_native.pyi",
        "python/tykmetrics/py.typed",
    ):
        assert wanted in files, sorted(files)
    odd = [name for name in files if re.search(r"(^|/)(tests|bench|target|\.git)/|__pycache__|\.(pyc|so)$", name)]
    assert not odd


def test_its_workspace_has_only_what_the_package_needs(unpacked):
    members = tomllib.loads((unpacked / "Cargo.toml").read_text())["workspace"]["members"]
    assert set(members) == {"core", "server", "bindings-python"}


def test_its_licences_are_the_projects(unpacked):
    for licence in ("LICENSE", "LICENSE-APACHE"):
        assert (unpacked / licence).read_text() == (REPOSITORY / licence).read_text()


def test_it_names_no_place_of_the_machine_it_was_made_on(unpacked):
    home = str(Path.home()).encode()
    for file in unpacked.rglob("*"):
        if file.is_file():
            data = file.read_bytes()
            assert str(REPOSITORY).encode() not in data, file
            assert home == b"/" or home + b"/" not in data, file


def test_a_wheel_is_built_from_it_alone_and_works(unpacked, environment, use, tmp_path):
    """By pip, as for a platform without a wheel. Dependencies of the crate are built once, in the tree."""
    # An archive has its own idea of when a file changed, and cargo builds anew only what is newer than what it has.
    for source in unpacked.rglob("*.rs"):
        os.utime(source)
    checked(
        sys.executable,
        *("-m", "pip", "--disable-pip-version-check", "wheel", "--quiet"),
        *("--no-index", "--no-deps", "--no-build-isolation", "--wheel-dir", tmp_path, unpacked),
        cwd=tmp_path,
        # That it builds and works is asked here, and not how fast it is.
        CARGO_PROFILE_RELEASE_LTO="off",
        CARGO_PROFILE_RELEASE_OPT_LEVEL="0",
        CARGO_PROFILE_RELEASE_CODEGEN_UNITS="16",
        CARGO_PROFILE_RELEASE_DEBUG="0",
        CARGO_TARGET_DIR=os.environ.get("TYKMETRICS_SDIST_TARGET", str(REPOSITORY / "target" / "sdist")),
        PATH=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
    )
    (wheel,) = tmp_path.glob("tykmetrics-*.whl")
    assert use(environment(wheel), ["-c", PROGRAM]).strip() == "works"
