"""Tests of scripts/monitor.py; what a run of the pipeline does is in tests/pipelines/test_monitoring.py."""

import pytest

from scripts.monitor import status


@pytest.mark.parametrize(
    ("alarm", "start", "passed", "attended", "unattended"),
    [
        (False, "nested", None, 0, 0),
        (True, "none", None, 1, 1),
        (True, "github", None, 1, 0),
        (True, "nested", True, 1, 0),
        (True, "nested", False, 1, 1),
    ],
)
def test_an_alarm_that_nothing_has_answered_is_a_failure(alarm, start, passed, attended, unattended):
    decision = {"alarm": alarm, "start": start}
    verdict = None if passed is None else {"passed": passed}
    assert (status(decision, verdict, False), status(decision, verdict, True)) == (attended, unattended)
