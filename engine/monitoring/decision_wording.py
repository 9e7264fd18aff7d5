"""Say what was decided, and why: sentences made of the document's numbers."""

from engine.documents.monitor_decision import Decision, Reason
from engine.documents.policy import MonitoringRules
from engine.monitoring.alarm_policy import WEEK, AlarmDecision, Seen
from engine.wording.text import interval

FAULT = "The data is refused, and no alarm is raised on broken data: {message}{more}."
NO_LABELS = "There is not enough to judge by: {message}{more}."
NEXT = {
    "nested": "The training pipeline runs now; its model takes over only if it passes the gate.",
    "github": "The workflow monitoring.yml starts training.yml for it.",
    "none": "Nothing starts by itself: make promote trains and gates a new model.",
}


def refused(message: str, count: int, about_labels: bool) -> str:
    more = f" (and {count - 1} more)" if count > 1 else ""
    return (NO_LABELS if about_labels else FAULT).format(message=message.rstrip("."), more=more)


def reason(decision: AlarmDecision, seen: Seen, document: Decision, rules: MonitoringRules) -> str:
    why = because(decision.reasons, seen, document, rules)
    match decision.decision:
        case "OUT_OF_ORDER":
            return (
                f"{seen.as_of} lies before {decision.since}, the newest day that was decided for, and nothing"
                " is decided backwards; check the date that was given, or the clock."
            )
        case "NOT_ENOUGH_EVIDENCE":
            return not_enough(seen, document, rules)
        case "QUIET":
            return f"The champion holds: {counted(seen, rules)}, and {rules['alarms']} would be an alarm."
        case "ALREADY_DECIDED":
            return f"Another run has raised this alarm already, and it counts once. {why}"
        case "COOLING_DOWN":
            return f"{why} But the last alarm, of {decision.since}, is not {rules['cooldown_days']} days old."
        case "CAPPED":
            limit = f"{rules['alarms_per_week']} in {WEEK} days"
            return (
                f"{why} But there may be no more alarms than {limit}, and the last was on {decision.since}."
            )
        case "NOT_REARMED":
            return (
                f"{why} But the alarm of {decision.since} was for that, and the next one comes only after the"
                " champion has recovered or another model took over."
            )
    return why


def because(reasons: tuple[Reason, ...], seen: Seen, document: Decision, rules: MonitoringRules) -> str:
    metric, of = document["metric"]["title"], f"of {rules['windows']} windows"
    sentences = []
    if "drop" in reasons:
        sentences.append(
            f"{metric} fell in {seen.dropped} {of} below what the champion passed the gate with."
        )
    if "shadow" in reasons:
        whole = document["whole"]
        beside = interval(whole["shadow"]) if whole and whole["shadow"] else "unknown"
        sentences.append(
            f"A model of newer rows is better in {seen.outdone} {of}; over all of them by {beside}."
        )
    if "age" in reasons:
        sentences.append(
            f"The champion is {document['champion']['age_days']} days old;"
            f" {rules['maximum_age_days']} without a new try are the most."
        )
    if "drop" in reasons and not seen.outdone:
        sentences.append("The shadow is better in none: training on newer rows alone will hardly help.")
    return " ".join(sentences)


def not_enough(seen: Seen, document: Decision, rules: MonitoringRules) -> str:
    why = next((window["why_not"] for window in document["windows"] if window["why_not"]), "")
    return (
        f"{seen.judged} of {rules['windows']} windows can be judged, and {rules['alarms']} are needed"
        f"{f': {why}' if why else ''}."
    )


def counted(seen: Seen, rules: MonitoringRules) -> str:
    judged = f"of {seen.judged} judged windows of {rules['window_days']} days"
    return f"{judged} it fell in {seen.dropped} and was outdone by the shadow in {seen.outdone}"


def what_next(decision: AlarmDecision, rules: MonitoringRules) -> str:
    if decision.alarm:
        return NEXT[rules["start"]]
    if decision.decision == "DATA_FAULT":
        return "Fix the data, then monitor again: the same day can be asked for again."
    if decision.decision == "OUT_OF_ORDER":
        return "Nothing was changed."
    return "Nothing is trained. The next monitoring looks at newer rows."
