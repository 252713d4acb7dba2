"""A pytest plugin under which `import prometheus_client` means `tykmetrics.prometheus_client`.

`make judge` runs prometheus_client's own tests with it. A test that is skipped says nothing, so here it fails the run.
"""

from __future__ import annotations

import sys

import pytest

from tykmetrics.prometheus_client import install

install()

_skipped: list[str] = []


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Remember what was skipped."""
    if report.skipped:
        _skipped.append(report.nodeid)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail a run that skipped something."""
    if _skipped and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what was skipped."""
    for nodeid in _skipped:
        terminalreporter.write_line(f"SKIPPED, which counts as failed: {nodeid}")


def pytest_report_header() -> str:
    """Say what is judged."""
    return f"prometheus_client is {sys.modules['prometheus_client'].__file__}"
