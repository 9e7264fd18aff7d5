"""Interfaces of the comparison: with control and champion, with the champion alone, and of refused data."""

from kfp import dsl


@dsl.container_component
def compare_models(
    policy: str,
    truth: dsl.Input[dsl.Dataset],
    candidate: dsl.Input[dsl.Dataset],
    control: dsl.Input[dsl.Dataset],
    champion: dsl.Input[dsl.Dataset],
    candidate_record: dsl.Input[dsl.Artifact],
    control_record: dsl.Input[dsl.Artifact],
    champion_version: dsl.Input[dsl.Artifact],
    history: dsl.Input[dsl.Artifact],
    training_features: dsl.Input[dsl.Dataset],
    evaluation_features: dsl.Input[dsl.Dataset],
    findings: dsl.Input[dsl.Artifact],
    provenance: str,
    results_uri: str,
    verdict: dsl.Output[dsl.Artifact],
    report: dsl.Output[dsl.HTML],
    summary: dsl.Output[dsl.Markdown],
    metrics: dsl.Output[dsl.Metrics],
    passed: dsl.OutputPath(str),
):
    return dsl.ContainerSpec(
        image="compare_models",
        command=["python", "-m", "components.compare_models.main"],
        args=[
            "--policy", policy,
            "--truth", truth.path,
            "--candidate", candidate.path,
            "--control", control.path,
            "--champion", champion.path,
            "--candidate-record", candidate_record.path,
            "--control-record", control_record.path,
            "--champion-version", champion_version.path,
            "--history", history.path,
            "--training-features", training_features.path,
            "--evaluation-features", evaluation_features.path,
            "--findings", findings.path,
            "--provenance", provenance,
            "--results-uri", results_uri,
            "--verdict", verdict.path,
            "--report", report.path,
            "--summary", summary.path,
            "--metrics", metrics.path,
            "--passed", passed,
            "--executor-input", dsl.PIPELINE_TASK_EXECUTOR_INPUT_PLACEHOLDER,
        ],
    )  # fmt: skip


@dsl.container_component
def compare_with_champion(
    policy: str,
    truth: dsl.Input[dsl.Dataset],
    candidate: dsl.Input[dsl.Dataset],
    champion: dsl.Input[dsl.Dataset],
    candidate_record: dsl.Input[dsl.Artifact],
    champion_version: dsl.Input[dsl.Artifact],
    history: dsl.Input[dsl.Artifact],
    training_features: dsl.Input[dsl.Dataset],
    evaluation_features: dsl.Input[dsl.Dataset],
    findings: dsl.Input[dsl.Artifact],
    provenance: str,
    results_uri: str,
    verdict: dsl.Output[dsl.Artifact],
    report: dsl.Output[dsl.HTML],
    summary: dsl.Output[dsl.Markdown],
    metrics: dsl.Output[dsl.Metrics],
    passed: dsl.OutputPath(str),
):
    return dsl.ContainerSpec(
        image="compare_models",
        command=["python", "-m", "components.compare_models.main"],
        args=[
            "--policy", policy,
            "--truth", truth.path,
            "--candidate", candidate.path,
            "--champion", champion.path,
            "--candidate-record", candidate_record.path,
            "--champion-version", champion_version.path,
            "--history", history.path,
            "--training-features", training_features.path,
            "--evaluation-features", evaluation_features.path,
            "--findings", findings.path,
            "--provenance", provenance,
            "--results-uri", results_uri,
            "--verdict", verdict.path,
            "--report", report.path,
            "--summary", summary.path,
            "--metrics", metrics.path,
            "--passed", passed,
            "--executor-input", dsl.PIPELINE_TASK_EXECUTOR_INPUT_PLACEHOLDER,
        ],
    )  # fmt: skip


@dsl.container_component
def reject_candidate(
    policy: str,
    findings: dsl.Input[dsl.Artifact],
    provenance: str,
    results_uri: str,
    verdict: dsl.Output[dsl.Artifact],
    report: dsl.Output[dsl.HTML],
    summary: dsl.Output[dsl.Markdown],
    passed: dsl.OutputPath(str),
):
    return dsl.ContainerSpec(
        image="compare_models",
        command=["python", "-m", "components.compare_models.main"],
        args=[
            "--policy", policy,
            "--findings", findings.path,
            "--provenance", provenance,
            "--results-uri", results_uri,
            "--verdict", verdict.path,
            "--report", report.path,
            "--summary", summary.path,
            "--passed", passed,
        ],
    )  # fmt: skip
