"""Decides where several monitors may decide at the same time: the first one does, the others follow."""

from engine.command_line import WorldError
from engine.documents.policy import MonitoringRules
from engine.model_registry.model_registry import ModelRegistry
from engine.monitoring import policy
from engine.monitoring.policy import Decision, Seen
from engine.stores.storage import LostRace

ATTEMPTS = 20


def decide_once(registry: ModelRegistry, seen: Seen, rules: MonitoringRules, decided_by: str) -> Decision:
    """Of monitors that decide at the same time one is first; the others decide by what it left."""
    for _ in range(ATTEMPTS):
        state, tag = registry.monitored()
        decision, new = policy.decide(seen, state, rules, decided_by)
        if new is state:
            return decision
        try:
            registry.keep_monitored(new, tag)
            return decision
        except LostRace:
            continue
    raise WorldError(
        f"{registry.documents.uri}: expected to write what was decided, found other monitors faster"
        f" {ATTEMPTS} times; run it again"
    )
