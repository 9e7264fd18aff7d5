"""What explains a verdict and decides nothing: the change's own policy, what got worse, what counts."""

from engine.documents.verdict import Verdict
from engine.judging.importance import with_importance
from engine.judging.inputs import Rows
from engine.judging.proposed_policy import with_proposed
from engine.judging.segments import with_worse
from engine.judging.verdict_inputs import VerdictInputs


def explained(
    verdict: Verdict, rows: Rows | None, inputs: VerdictInputs, proposed_policy: dict[str, object]
) -> Verdict:
    """`verdict` with its optional parts, as far as there are rows and numbers of them."""
    verdict = with_proposed(verdict, inputs, proposed_policy)
    return with_importance(with_worse(verdict, rows, inputs), inputs)
