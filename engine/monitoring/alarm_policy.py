"""Decide whether the champion is to be trained again, by what was seen, what was decided, and the rules."""

from dataclasses import dataclass
from datetime import date

from engine.documents.ledger import Alarm, MonitorState
from engine.documents.monitor_decision import Outcome, Reason
from engine.documents.policy import MonitoringRules

EVIDENT: tuple[Reason, ...] = ("drop", "shadow")
KEPT_ALARMS = 100
WEEK = 7


@dataclass(frozen=True)
class Seen:
    """What a monitor saw of one version of the model."""

    as_of: date
    window_end: str
    version: str
    made: date
    """The day for which the version was trained and passed the gate."""
    judged: int = 0
    """Windows with rows enough to tell; in so many of them the figure dropped, or the shadow was better."""
    dropped: int = 0
    outdone: int = 0


@dataclass(frozen=True)
class AlarmDecision:
    decision: Outcome
    reasons: tuple[Reason, ...] = ()
    since: date | None = None
    """The day of the alarm that a decision other than ALARM refers to."""

    @property
    def alarm(self) -> bool:
        return self.decision == "ALARM"


def decide(
    seen: Seen, state: MonitorState, rules: MonitoringRules, decided_by: str
) -> tuple[AlarmDecision, MonitorState]:
    """The decision, and the state that it leaves; the same state if there was nothing to decide by.

    `decided_by` names a run: an alarm that it has raised stays its alarm when a task of it is tried again.
    """
    if str(seen.as_of) < state["as_of"]:
        return AlarmDecision("OUT_OF_ORDER", since=date.fromisoformat(state["as_of"])), state
    alarms = state["alarms"]
    known = [
        each for each in alarms if (each["version"], each["window_end"]) == (seen.version, seen.window_end)
    ]
    if known:
        mine = known[-1]["decided_by"] == decided_by
        return AlarmDecision(
            "ALARM" if mine else "ALREADY_DECIDED", tuple(known[-1]["reasons"]), _day(known[-1])
        ), state

    evident, enough = evident_reasons(seen, rules), seen.judged >= rules["alarms"]
    own = [each for each in alarms if each["version"] == seen.version]
    recovered = state["recovered"]
    armed = tuple(reason for reason in evident if is_armed(reason, own, recovered))
    reasons = armed + old_age(seen, _newest_day(own), rules)
    if not (evident or reasons or enough):
        return AlarmDecision("NOT_ENOUGH_EVIDENCE"), state
    if enough:
        recovered = recovered | {reason: str(seen.as_of) for reason in EVIDENT if reason not in evident}
    updated: MonitorState = {"as_of": str(seen.as_of), "recovered": recovered, "alarms": alarms}
    last = _newest_day(alarms)
    if not reasons:
        return (
            AlarmDecision("NOT_REARMED", evident, _newest_day(own)) if evident else AlarmDecision("QUIET")
        ), updated
    if last and (seen.as_of - last).days < rules["cooldown_days"]:
        return AlarmDecision("COOLING_DOWN", reasons, last), updated
    if sum((seen.as_of - _day(each)).days < WEEK for each in alarms) >= rules["alarms_per_week"]:
        return AlarmDecision("CAPPED", reasons, last), updated
    alarm: Alarm = {
        "key": key_of(seen, reasons),
        "version": seen.version,
        "window_end": seen.window_end,
        "reasons": list(reasons),
        "as_of": str(seen.as_of),
        "decided_by": decided_by,
    }
    return AlarmDecision("ALARM", reasons), {**updated, "alarms": [*alarms, alarm][-KEPT_ALARMS:]}


def is_armed(reason: str, own: list[Alarm], recovered: dict[str, str]) -> bool:
    """Whether this version was never alarmed about for `reason`, or has been without it since."""
    last = _newest([each for each in own if reason in each["reasons"]])
    return last is None or recovered.get(reason, "") > last["as_of"]


def evident_reasons(seen: Seen, rules: MonitoringRules) -> tuple[Reason, ...]:
    """What the windows say, as far as the rules listen to it."""
    counts = {"drop": seen.dropped, "shadow": seen.outdone}
    listened = EVIDENT if rules["trigger"] == "either" else (rules["trigger"],)
    return tuple(name for name in listened if counts[name] >= rules["alarms"])


def old_age(seen: Seen, alarmed: date | None, rules: MonitoringRules) -> tuple[Reason, ...]:
    """A model that lost against the champion does not make it younger, but the next try waits as long."""
    since = max(seen.made, alarmed) if alarmed else seen.made
    return ("age",) if (seen.as_of - since).days >= rules["maximum_age_days"] else ()


def key_of(seen: Seen, reasons: tuple[Reason, ...]) -> str:
    """Two alarms of one key are one alarm."""
    return f"{seen.version[:16]}/{seen.window_end[:10]}/{'+'.join(reasons)}"


def _newest(alarms: list[Alarm]) -> Alarm | None:
    return max(alarms, key=lambda each: each["as_of"], default=None)


def _newest_day(alarms: list[Alarm]) -> date | None:
    newest = _newest(alarms)
    return _day(newest) if newest else None


def _day(alarm: Alarm) -> date:
    return date.fromisoformat(alarm["as_of"])
