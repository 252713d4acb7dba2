"""The programs that the documents show parts of: they run, and what they assert of themselves holds."""

from __future__ import annotations

from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"


@pytest.mark.parametrize("name", ["quick_start.py", "migrate.py"])
def test_what_the_documents_show_runs(succeeds, name):
    source = (EXAMPLES / name).read_text()
    assert "assert " in source
    assert succeeds(source) == ""
