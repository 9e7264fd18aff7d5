"""Decides once if several monitors run at the same time: the first one decides, the others follow."""

from engine.documents.policy import MonitoringRules
from engine.model_registry.model_registry import ModelRegistry
from engine.monitoring import alarm_policy
from engine.monitoring.alarm_policy import AlarmDecision, Seen
from engine.stores.compare_and_swap import swapped


def decide_once(
    registry: ModelRegistry, seen: Seen, rules: MonitoringRules, decided_by: str
) -> AlarmDecision:
    """Of monitors that decide at the same time one is first; the others decide by what it left."""

    def attempt() -> AlarmDecision:
        state, tag = registry.monitored()
        decision, new = alarm_policy.decide(seen, state, rules, decided_by)
        if new is not state:
            registry.keep_monitored(new, tag)
        return decision

    return swapped(attempt, registry.documents.uri)
