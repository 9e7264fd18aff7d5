"""Interfaces of the monitoring: of rows that can be judged, and of data that cannot be trusted."""

from kfp import dsl


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
):
    return dsl.ContainerSpec(
        image="monitor_model",
        command=["python", "-m", "components.monitor_model.main"],
        args=[
            "--policy", policy,
            "--as-of", as_of,
            "--model-registry-uri", model_registry_uri,
            "--name", name,
            "--truth", truth.path,
            "--champion", champion.path,
            "--shadow", shadow.path,
            "--shadow-record", shadow_record.path,
            "--champion-model", champion_model.path,
            "--champion-features", champion_features.path,
            "--champion-version", champion_version.path,
            "--history", history.path,
            "--findings", findings.path,
            "--provenance", provenance,
            "--results-uri", results_uri,
            "--decided-by", dsl.PIPELINE_JOB_ID_PLACEHOLDER,
            "--decision", decision.path,
            "--report", report.path,
            "--summary", summary.path,
            "--alarm", alarm,
            "--train", train,
        ],
    )  # fmt: skip


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
):
    return dsl.ContainerSpec(
        image="monitor_model",
        command=["python", "-m", "components.monitor_model.main"],
        args=[
            "--policy", policy,
            "--as-of", as_of,
            "--model-registry-uri", model_registry_uri,
            "--name", name,
            "--champion-version", champion_version.path,
            "--history", history.path,
            "--findings", findings.path,
            "--provenance", provenance,
            "--results-uri", results_uri,
            "--decided-by", dsl.PIPELINE_JOB_ID_PLACEHOLDER,
            "--decision", decision.path,
            "--report", report.path,
            "--summary", summary.path,
            "--alarm", alarm,
            "--train", train,
        ],
    )  # fmt: skip
