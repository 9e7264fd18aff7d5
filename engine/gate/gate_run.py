"""Compare a change by a run of a pipeline; the run is the pull request's if there is one."""

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from engine.command_line import SettingsError, WorldError, in_a_log
from engine.documents.verdict import Proposed, Verdict
from engine.documents.version import Version
from engine.gate import judged_run, known_verdicts, pull_request_run
from engine.gate.change import Change
from engine.gate.interfaces import failed_by_candidate
from engine.gate.pull_request_run import PullRequest
from engine.judging.proposed_policy import as_proposed, without_verdict
from engine.kubeflow.endpoint import remote_host
from engine.model_registry.model_registry import ModelRegistry


@dataclass(frozen=True)
class GateRun:
    root: Path
    results: Path
    """The folder that gets the verdict and its report."""
    change: Change
    registry: ModelRegistry
    champion: Version | None
    pull_request: PullRequest | None
    minutes: float
    """How long to wait for the run of a pull request."""

    def compared(self, pipeline: str, question: Mapping[str, str]) -> Verdict:
        """The verdict of a run of `pipeline`, or that the change's code made nothing to compare."""
        change = self.change
        references = {name: image.reference for name, image in change.images().items()}
        judged_run.expect_reachable(change.tables_of().settings, references, question["model_registry_uri"])
        judged_run.recover_images(self.root, self.champion, self.registry)
        evaluation = (pipeline, references, change.tasks(on_cluster=remote_host() is not None))
        champion = self.champion["version"] if self.champion else "no champion"
        try:
            if self.pull_request is None:
                return judged_run.judge(self.root, *evaluation, question, self.results)
            compiled = judged_run.compiled_to(self.results, self.root, *evaluation)
            return pull_request_run.judge(
                self.root, self.pull_request, compiled, question, champion, self.minutes
            )
        except judged_run.NoVerdict as error:
            broken, failed = change.broken_interfaces(error.broken), failed_by_candidate(error.broken)
            if not broken and not failed:
                raise
            print(in_a_log(error), file=sys.stderr)
            if broken:
                return known_verdicts.broken_interface(question, broken, self.results)
            return known_verdicts.failed_candidate(question, failed, self.results)

    def proposed(self, question: Mapping[str, str]) -> Proposed | None:
        """What another policy of the change says of the base's model; None if it brings none."""
        policy = question["proposed_policy"]
        if policy == "{}":
            return None
        try:
            own = {**question, "policy": policy, "proposed_policy": "{}"}
            return as_proposed(self.compared("evaluation", own))
        except (SettingsError, WorldError) as error:
            print(f"note: the change's own policy was not asked: {in_a_log(error)}", file=sys.stderr)
            return without_verdict(json.loads(policy), error)
