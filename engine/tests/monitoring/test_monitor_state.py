"""What a decision refers to, and the state that it leaves to the next one."""

from datetime import date, timedelta

from engine.documents.ledger import NOTHING_DECIDED, Alarm, MonitorState
from engine.monitoring.alarm_policy import KEPT_ALARMS, AlarmDecision, decide, is_armed, key_of, old_age
from engine.tests.monitoring.test_monitor_policy import DAY, RULES, VERSION, seen

OTHER = "b" * 64


def alarm_of(days: int = 0, version: str = VERSION, *reasons: str) -> Alarm:
    as_of = DAY + timedelta(days)
    return {
        "key": f"{version[:16]}/{as_of - timedelta(1)}/{'+'.join(reasons or ('shadow',))}",
        "version": version,
        "window_end": str(as_of - timedelta(1)),
        "reasons": [*reasons] or ["shadow"],
        "as_of": str(as_of),
        "decided_by": "run",
    }


def state_of(*alarms: Alarm, **recovered: str) -> MonitorState:
    return {"as_of": max(each["as_of"] for each in alarms), "recovered": recovered, "alarms": [*alarms]}


def test_an_alarm_is_kept_with_its_run_and_its_reasons() -> None:
    decision, state = decide(seen(dropped=2, outdone=2), NOTHING_DECIDED, RULES, "run")

    assert decision == AlarmDecision("ALARM", ("drop", "shadow"))
    assert state == {"as_of": str(DAY), "recovered": {}, "alarms": [alarm_of(0, VERSION, "drop", "shadow")]}


def test_the_key_of_an_alarm_names_the_day_of_its_window() -> None:
    at_noon = seen(window_end="2013-07-31T12:00:00", version="0123456789abcdef" + "0" * 48)

    assert key_of(at_noon, ("drop", "age")) == "0123456789abcdef/2013-07-31/drop+age"


def test_an_alarm_is_known_by_its_version_and_its_window() -> None:
    state = state_of(alarm_of(-30, VERSION, "drop"), alarm_of(0, VERSION, "drop", "shadow"))

    repeated, after = decide(seen(outdone=2), state, RULES, "run")
    by_another_run, _ = decide(seen(outdone=2), state, RULES, "another run")
    of_another_version, _ = decide(seen(outdone=2, version=OTHER), state, RULES, "run")
    of_another_window, _ = decide(seen(outdone=2, window_end="2013-07-30"), state, RULES, "run")

    assert repeated == AlarmDecision("ALARM", ("drop", "shadow"), DAY)
    assert by_another_run == AlarmDecision("ALREADY_DECIDED", ("drop", "shadow"), DAY)
    assert after is state
    assert of_another_version == AlarmDecision("COOLING_DOWN", ("shadow",), DAY)
    assert of_another_window == AlarmDecision("NOT_REARMED", ("shadow",), DAY)


def test_the_newest_decision_on_a_window_counts() -> None:
    first, second = alarm_of(0), alarm_of(0, VERSION, "age") | {"decided_by": "another run"}

    decision, _ = decide(seen(outdone=2), state_of(first, second), RULES, "another run")

    assert decision == AlarmDecision("ALARM", ("age",), DAY)


def test_an_alarm_that_waits_names_the_day_of_the_newest_one() -> None:
    state = state_of(alarm_of(0, OTHER), alarm_of(10, "c" * 64))

    cooling, after = decide(seen(23, outdone=2), state, RULES, "run")
    capped, _ = decide(seen(12, outdone=2), state, RULES | {"cooldown_days": 2}, "run")

    assert cooling == AlarmDecision("COOLING_DOWN", ("shadow",), DAY + timedelta(10))
    assert capped == AlarmDecision("CAPPED", ("shadow",), DAY + timedelta(10))
    assert after == state | {"as_of": str(DAY + timedelta(23)), "recovered": {"drop": "2013-08-24"}}


def test_a_reason_that_is_still_there_names_the_alarm_of_its_own_version() -> None:
    state = state_of(alarm_of(0), alarm_of(5, OTHER))

    decision, _ = decide(seen(30, outdone=2), state, RULES, "run")

    assert decision == AlarmDecision("NOT_REARMED", ("shadow",), DAY)


def test_a_calm_day_recovers_each_reason_that_is_not_evident() -> None:
    state = state_of(alarm_of(0, VERSION, "drop", "shadow"), shadow="2013-07-01")

    quiet, after = decide(seen(7), state, RULES, "run")
    dropped, of_shadow = decide(seen(7, dropped=2), state, RULES, "run")

    assert quiet == AlarmDecision("QUIET")
    assert after == state | {
        "as_of": "2013-08-08",
        "recovered": {"drop": "2013-08-08", "shadow": "2013-08-08"},
    }
    assert dropped == AlarmDecision("NOT_REARMED", ("drop",), DAY)
    assert of_shadow["recovered"] == {"shadow": "2013-08-08"}


def test_as_many_windows_as_an_alarm_takes_are_enough_to_be_quiet() -> None:
    assert decide(seen(judged=2), NOTHING_DECIDED, RULES, "run")[0] == AlarmDecision("QUIET")


def test_windows_that_are_too_few_recover_nothing() -> None:
    old = seen(judged=1, made=DAY - timedelta(400))

    decision, state = decide(old, NOTHING_DECIDED, RULES, "run")

    assert decision == AlarmDecision("ALARM", ("age",))
    assert state["recovered"] == {}


def test_another_version_may_be_decided_on_the_same_day() -> None:
    decision, _ = decide(
        seen(outdone=2, version=OTHER),
        state_of(alarm_of(0)),
        RULES | {"cooldown_days": 0, "alarms_per_week": 2},
        "run",
    )

    assert decision == AlarmDecision("ALARM", ("shadow",))


def test_a_recovery_rearms_from_the_day_after_the_alarm_on() -> None:
    assert not is_armed("shadow", [alarm_of(0)], {"shadow": str(DAY)})
    assert is_armed("shadow", [alarm_of(0)], {"shadow": str(DAY + timedelta(1))})
    assert not is_armed("shadow", [alarm_of(20), alarm_of(0)], {"shadow": str(DAY + timedelta(1))})
    assert is_armed("shadow", [alarm_of(0, VERSION, "drop")], {})


def test_a_model_is_old_by_its_training_or_the_newest_alarm_about_it() -> None:
    today, limit = seen(made=date(2013, 1, 1)), RULES | {"maximum_age_days": 30}

    assert old_age(today, None, limit) == ("age",)
    assert old_age(today, DAY - timedelta(29), limit) == ()
    assert old_age(today, DAY - timedelta(30), limit) == ("age",)
    assert old_age(seen(made=DAY), DAY - timedelta(300), limit) == ()


def test_the_oldest_alarms_are_forgotten() -> None:
    alarms = [alarm_of(days, OTHER) for days in range(-KEPT_ALARMS - 30, -30)]

    _, state = decide(seen(outdone=2), state_of(*alarms), RULES, "run")

    assert state["alarms"] == [*alarms[1:], alarm_of(0)]
