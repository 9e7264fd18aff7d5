"""Interfaces of the comparison: with control and champion, with the champion alone, and of refused data."""

from kfp import dsl

from engine.kubeflow.interface import container


@dsl.container_component
def compare_models(
    policy: str,
    proposed_policy: str,
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
) -> dsl.ContainerSpec:
    return container(
        "compare_models",
        locals(),
        executor_input=dsl.PIPELINE_TASK_EXECUTOR_INPUT_PLACEHOLDER,
        run=dsl.PIPELINE_JOB_ID_PLACEHOLDER,
    )


@dsl.container_component
def compare_with_champion(
    policy: str,
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
) -> dsl.ContainerSpec:
    return container(
        "compare_models",
        locals(),
        executor_input=dsl.PIPELINE_TASK_EXECUTOR_INPUT_PLACEHOLDER,
        run=dsl.PIPELINE_JOB_ID_PLACEHOLDER,
    )


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
) -> dsl.ContainerSpec:
    return container("compare_models", locals(), run=dsl.PIPELINE_JOB_ID_PLACEHOLDER)
