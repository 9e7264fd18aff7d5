"""Plan what a pull request needs: where it is judged, and which tests run."""

import os
import re
from collections.abc import Sequence, Set
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from engine.command_line import parser, run
from engine.gate.gated_paths import need_a_gate
from engine.github.step import add_notice, add_summary, set_outputs

if TYPE_CHECKING:
    from engine.settings.settings_schema import Settings
    from engine.sources import Source

ROOT_LOCKS = re.compile(r"pyproject\.toml|requirements(-dev)?\.txt")


class PlanEntry(NamedTuple):
    name: str
    value: str
    reason: str


def main() -> None:
    options = parser(__doc__)
    options.add_argument(
        "--candidate", type=Path, default="candidate", metavar="FOLDER", help="default: %(default)s"
    )
    arguments = options.parse_args()

    from engine.gate.evaluation_history import evaluation_history
    from engine.gate.judging_paths import paths_that_judge
    from engine.images.images import copied_paths
    from engine.images.published_images import pull_request_number
    from engine.settings.settings import load
    from engine.sources import GitTree

    root = Path.cwd()
    candidate, base = GitTree(arguments.candidate, "HEAD"), GitTree(root, "HEAD")
    changed, settings = candidate.changed(base), load(root / "mlops.yaml")
    gate = decide_gate(changed, copied_paths(candidate) | copied_paths(base), root, settings)
    plumbing = decide_plumbing(changed, candidate, root)
    history = PlanEntry("history", *evaluation_history(settings.windows))
    show([gate, plumbing, *([history] if history.reason else [])], paths_that_judge(candidate, base))
    number = str(pull_request_number("")) if os.environ.get("GITHUB_REF") else ""
    push = "false"  # pr.yml of a copy made before 1.0.0 reads it; images were pushed then
    set_outputs(gate=gate.value, push=push, plumbing=plumbing.value, number=number, reason=gate.reason)


def decide_gate(changed: Sequence[str], copied: Set[str], root: Path, settings: "Settings") -> PlanEntry:
    """Endpoint if all its settings are set and work: a refused setting is an error, never local."""
    from engine.gate import endpoint_access

    if not need_a_gate(changed, copied):
        change = "only documentation or tests changed" if changed else "nothing changed"
        return PlanEntry("gate", "none", f"{change}: nothing that a model, an image or a judge is made of")
    if not (present := endpoint_access.is_set()):
        return PlanEntry("gate", "local", "no endpoint is set for this pull request: it runs on the runner")
    if absent := list(endpoint_access.missing()):
        reason = f"{', '.join(present)} set, and missing: {', '.join(absent)}"
        add_notice(f"The gate runs on the runner, against the base's model alone. {reason}")
        return PlanEntry("gate", "local", reason)
    endpoint_access.check(root, settings)
    if late := endpoint_access.unpublished(root, settings):
        reason = f"the images of the base are not pushed yet: {', '.join(late)}"
        add_notice(f"The gate runs on the runner: {reason}; see delivery.yml, and run this again after it")
        return PlanEntry("gate", "local", reason)
    reason = "the endpoint judges what the change's code, which runs on the runner alone, hands over"
    return PlanEntry("gate", "endpoint", reason)


def decide_plumbing(changed: Sequence[str], candidate: "Source", root: Path) -> PlanEntry:
    """Whether the template's own suites run: what the change leaves as the release in `root` recorded it was
    tested by the release, and a change of the record itself proves nothing."""
    from engine.gate import released_files

    if str(released_files.PATH) in changed:
        return PlanEntry("plumbing", "true", "another record of the template's files: all suites run")
    if any(map(ROOT_LOCKS.fullmatch, changed)):
        return PlanEntry("plumbing", "true", "the project's locks changed: all suites run")
    differing = released_files.differing(candidate, changed, released_files.read(root))
    if differing:
        reason = f"{len(differing)} changed files of the template differ from its release: all suites run"
        return PlanEntry("plumbing", "true", reason)
    return PlanEntry("plumbing", "false", "the template's files are as released: only your tests run")


def show(decisions: Sequence[PlanEntry], judges: list[str]) -> None:
    """The plan, as Markdown that reads well in a log; paths are the author's words."""
    from engine.reporting.markdown import codes

    lines = ["| plan | | why |", "|---|---|---|"]
    lines += [f"| {each.name} | {each.value} | {each.reason} |" for each in decisions]
    if judges:
        lines += ["", f"What judges and counts after the merge: {codes(judges)}"]
    text = "\n".join([*lines, "", ""])
    print(text, end="")
    add_summary(text)


if __name__ == "__main__":
    run(main)
