"""Say what the policy of a change would decide on the rows that the base's policy decided on."""

from dataclasses import replace

import pyarrow.compute as pc

from engine.command_line import SettingsError
from engine.command_line.typed_json import checked
from engine.documents.policy import Policy
from engine.documents.verdict import Proposed, Verdict
from engine.judging.verdict_document import judge
from engine.judging.verdict_inputs import VerdictInputs

MOST_SLICES = 100


def with_proposed(verdict: Verdict, inputs: VerdictInputs, policy: dict[str, object]) -> Verdict:
    """`verdict`, with what the change's `policy` would say; as it is with no policy, or with no rows."""
    if not policy or verdict["rows"] is None:
        return verdict
    return {**verdict, "proposed": proposed(inputs, checked(Policy, policy))}


def proposed(inputs: VerdictInputs, policy: Policy) -> Proposed:
    """Whatever is wrong with the policy of a change is a reason: it keeps nothing from being decided."""
    try:
        refuse_many_slices(inputs, policy)
        verdict, _ = judge(replace(inputs, policy=policy))
    except Exception as error:
        return without_verdict(policy, error)
    return as_proposed(verdict)


def as_proposed(verdict: Verdict) -> Proposed:
    """A verdict by the policy of a change, as a part of the one that decides."""
    return {
        "policy": verdict["policy"],
        "verdict": verdict["verdict"],
        "passed": verdict["passed"],
        "reason": verdict["reason"],
        "comparisons": verdict["comparisons"],
    }


def without_verdict(policy: Policy, error: Exception) -> Proposed:
    line = next(iter(str(error).splitlines()), type(error).__name__)
    reason = f"It cannot be applied to these rows: {line.rstrip('.')}."
    return {"policy": policy, "verdict": "INVALID", "passed": False, "reason": reason, "comparisons": []}


def refuse_many_slices(inputs: VerdictInputs, policy: Policy) -> None:
    """Each slice takes time and room, which a change could use up."""
    if inputs.truth is None:
        return
    known = [name for name in policy["slices"]["columns"] if name in inputs.truth.column_names]
    slices = sum(pc.count_distinct(inputs.truth.column(name), mode="all").as_py() for name in known)
    if slices > MOST_SLICES:
        raise SettingsError(f"expected at most {MOST_SLICES} slices before the merge, found {slices:,}")
