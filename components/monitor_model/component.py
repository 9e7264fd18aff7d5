"""Interfaces of the monitoring: of rows that can be judged, and of data that cannot be trusted."""

from kfp import dsl

from engine.kubeflow.interface import container


@dsl.container_component
def monitor_model(
    policy: str,
    as_of: str,
    model_registry_uri: str,
    name: str,
    truth: dsl.Input[dsl.Dataset],
    champion: dsl.Input[dsl.Dataset],
    shadow: dsl.Input[dsl.Dataset],
    shadow_record: dsl.Input[dsl.Artifact],
    champion_model: dsl.Input[dsl.Model],
    champion_features: dsl.Input[dsl.Dataset],
    champion_version: dsl.Input[dsl.Artifact],
    history: dsl.Input[dsl.Artifact],
    findings: dsl.Input[dsl.Artifact],
    provenance: str,
    results_uri: str,
    decision: dsl.Output[dsl.Artifact],
    report: dsl.Output[dsl.HTML],
    summary: dsl.Output[dsl.Markdown],
    alarm: dsl.OutputPath(str),
    train: dsl.OutputPath(str),
) -> dsl.ContainerSpec:
    return container("monitor_model", locals(), decided_by=dsl.PIPELINE_JOB_ID_PLACEHOLDER)


@dsl.container_component
def report_fault(
    policy: str,
    as_of: str,
    model_registry_uri: str,
    name: str,
    champion_version: dsl.Input[dsl.Artifact],
    history: dsl.Input[dsl.Artifact],
    findings: dsl.Input[dsl.Artifact],
    provenance: str,
    results_uri: str,
    decision: dsl.Output[dsl.Artifact],
    report: dsl.Output[dsl.HTML],
    summary: dsl.Output[dsl.Markdown],
    alarm: dsl.OutputPath(str),
    train: dsl.OutputPath(str),
) -> dsl.ContainerSpec:
    return container("monitor_model", locals(), decided_by=dsl.PIPELINE_JOB_ID_PLACEHOLDER)
