"""How a gate ends: the candidate is compared with its references, or its data is refused."""

from dataclasses import dataclass

from kfp import dsl

from components.compare_models.component import compare_models, reject_candidate
from components.enforce_verdict.component import enforce_verdict
from pipelines.lib.model_tasks import Artifact, Parameter


@dataclass(frozen=True)
class Candidate:
    """What a candidate is judged by, wherever it ran."""

    training_features: Artifact
    evaluation_features: Artifact
    predictions: Artifact
    record: Artifact


@dataclass(frozen=True)
class Reference:
    """The task that made a model or found it, and the one that scored it."""

    model: dsl.PipelineTask
    scores: dsl.PipelineTask


@dataclass(frozen=True)
class Gate:
    """The policy that a verdict follows, what it is about, and where it goes."""

    policy: Parameter
    proposed_policy: Parameter
    provenance: Parameter
    results_uri: Parameter
    findings: Artifact

    def judge(self, truth: Artifact, candidate: Candidate, control: Reference, champion: Reference) -> None:
        compared = compare_models(
            policy=self.policy,
            proposed_policy=self.proposed_policy,
            truth=truth,
            candidate=candidate.predictions,
            control=control.scores.outputs["predictions"],
            champion=champion.scores.outputs["predictions"],
            candidate_record=candidate.record,
            control_record=control.model.outputs["record"],
            champion_version=champion.model.outputs["version"],
            history=champion.model.outputs["history"],
            training_features=candidate.training_features,
            evaluation_features=candidate.evaluation_features,
            findings=self.findings,
            provenance=self.provenance,
            results_uri=self.results_uri,
        )
        enforce_verdict(verdict=compared.outputs["verdict"])

    def refuse_data(self) -> None:
        rejected = reject_candidate(
            policy=self.policy,
            findings=self.findings,
            provenance=self.provenance,
            results_uri=self.results_uri,
        )
        enforce_verdict(verdict=rejected.outputs["verdict"]).set_display_name("enforce-verdict")
