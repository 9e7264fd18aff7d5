"""The monitor's policy: when there is an alarm, and why there is none."""

from datetime import date, timedelta
from typing import Any

import pytest

from engine.documents.ledger import NOTHING_DECIDED
from engine.monitoring.alarm_policy import Seen, decide

RULES = {
    "trigger": "either",
    "alarms": 2,
    "cooldown_days": 14,
    "maximum_age_days": 182,
    "alarms_per_week": 1,
}
DAY, VERSION = date(2013, 8, 1), "a" * 64


def seen(days: int = 0, dropped: int = 0, outdone: int = 0, judged: int = 4, **other: Any) -> Seen:
    as_of = DAY + timedelta(days)
    facts = {"version": VERSION, "made": date(2013, 6, 1), "window_end": str(as_of - timedelta(1))} | other
    return Seen(as_of, judged=judged, dropped=dropped, outdone=outdone, **facts)


def story(*steps: Seen, **rules: Any) -> list[str]:
    """The decisions on what was seen, one after the other."""
    state, decisions = NOTHING_DECIDED, []
    for index, step in enumerate(steps):
        decision, state = decide(step, state, RULES | rules, f"run {index}")
        decisions.append(decision.decision)
    return decisions


@pytest.mark.parametrize(
    ("trigger", "dropped", "outdone", "reasons"),
    [
        ("either", 2, 0, ("drop",)),
        ("either", 0, 2, ("shadow",)),
        ("either", 3, 2, ("drop", "shadow")),
        ("either", 1, 1, ()),
        ("drop", 0, 4, ()),
        ("drop", 2, 4, ("drop",)),
        ("shadow", 4, 0, ()),
    ],
)
def test_an_alarm_takes_so_many_windows_of_what_is_listened_to(trigger, dropped, outdone, reasons) -> None:
    decision, state = decide(
        seen(dropped=dropped, outdone=outdone), NOTHING_DECIDED, RULES | {"trigger": trigger}, "run"
    )
    assert (decision.reasons, decision.alarm) == (reasons, bool(reasons))
    assert [alarm["reasons"] for alarm in state["alarms"]] == ([list(reasons)] if reasons else [])
    assert decision.decision == ("ALARM" if reasons else "QUIET")


def test_too_few_judged_windows_tell_nothing_and_leave_no_trace() -> None:
    before = {"as_of": "2013-07-01", "recovered": {}, "alarms": []}
    decision, state = decide(seen(judged=1), before, RULES, "run")
    assert (decision.decision, state) == ("NOT_ENOUGH_EVIDENCE", before)


def test_the_same_alarm_counts_once_but_stays_the_alarm_of_its_run() -> None:
    first, state = decide(seen(outdone=2), NOTHING_DECIDED, RULES, "one")
    other, after = decide(seen(outdone=2), state, RULES, "other")
    again, _ = decide(seen(outdone=2), state, RULES, "one")
    assert (first.alarm, other.decision, again.alarm) == (True, "ALREADY_DECIDED", True)
    assert after is state
    assert state["alarms"][0]["key"] == f"{VERSION[:16]}/2013-07-31/shadow"


def test_an_alarm_is_not_repeated_before_recovery_or_promotion() -> None:
    alarm, still, calm = seen(outdone=2), seen(21, outdone=3), seen(28)
    assert story(alarm, still) == ["ALARM", "NOT_REARMED"]
    assert story(alarm, still, calm, seen(35, outdone=2)) == ["ALARM", "NOT_REARMED", "QUIET", "ALARM"]
    assert story(alarm, still, seen(28, outdone=2, version="b" * 64)) == ["ALARM", "NOT_REARMED", "ALARM"]


def test_a_reason_that_is_new_is_an_alarm_of_its_own() -> None:
    """A drop may be seen before there are rows to learn from: the training loses, and a later one may win."""
    steps = (
        seen(dropped=2),
        seen(21, dropped=2),
        seen(28, dropped=2, outdone=2),
        seen(49, dropped=2, outdone=2),
    )
    assert story(*steps) == ["ALARM", "NOT_REARMED", "ALARM", "NOT_REARMED"]
    decision, _ = decide(steps[2], decide(steps[0], NOTHING_DECIDED, RULES, "run")[1], RULES, "run")
    assert decision.reasons == ("shadow",)
    again = seen(56, dropped=2), seen(63, dropped=2, outdone=2)
    assert story(*steps, *again)[-2:] == ["NOT_REARMED", "ALARM"]


def test_after_an_alarm_it_waits_with_any_champion() -> None:
    promoted = {"version": "b" * 64}
    assert story(seen(outdone=2), seen(13, outdone=2, **promoted)) == ["ALARM", "COOLING_DOWN"]
    assert story(seen(outdone=2), seen(14, outdone=2, **promoted)) == ["ALARM", "ALARM"]


def test_a_week_has_no_more_alarms_than_allowed() -> None:
    steps = [seen(days, outdone=2, version=str(days) * 64) for days in (0, 3, 6, 7)]
    assert story(*steps, cooldown_days=0) == ["ALARM", "CAPPED", "CAPPED", "ALARM"]
    assert story(*steps, cooldown_days=0, alarms_per_week=2) == ["ALARM", "ALARM", "CAPPED", "ALARM"]


def test_an_old_champion_is_tried_to_be_replaced_again_and_again() -> None:
    made = {"made": DAY - timedelta(182)}
    assert story(seen(-1, **made), seen(**made)) == ["QUIET", "ALARM"]
    assert story(seen(**made), seen(181, **made), seen(182, **made)) == ["ALARM", "QUIET", "ALARM"]
    assert story(seen(judged=0, **made)) == ["ALARM"]


def test_a_clock_that_goes_back_changes_nothing() -> None:
    _, state = decide(seen(30), NOTHING_DECIDED, RULES, "run")
    decision, after = decide(seen(outdone=4), state, RULES, "run")
    assert (decision.decision, decision.since) == ("OUT_OF_ORDER", DAY + timedelta(30))
    assert after is state


def test_a_clock_that_ran_ahead_without_rows_does_not_stop_the_next() -> None:
    assert story(seen(9999, judged=0, made=DAY + timedelta(9990)), seen(outdone=2)) == [
        "NOT_ENOUGH_EVIDENCE",
        "ALARM",
    ]
