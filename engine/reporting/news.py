"""What a message says of a run, in one line; light enough for any command to import."""

from engine.documents.monitor_decision import Decision
from engine.documents.verdict import Verdict
from engine.wording.text import printable


def training_news(verdict: Verdict) -> str:
    outcome = "is the champion now" if verdict["passed"] else "lost, the champion stays"
    return printable(f"the new model {outcome}: {verdict['verdict']}, {verdict['reason']}")


def monitoring_news(decision: Decision, verdict: Verdict | None) -> str:
    """Of an alarm, and of the model that it trained; empty without an alarm."""
    if not decision["alarm"]:
        return ""
    trained = f"; {training_news(verdict)}" if verdict else ""
    return f"{decision['decision']}: {printable(decision['reason'])}{trained}"
