"""Interface of the validation."""

from kfp import dsl


@dsl.container_component
def validate_data(
    feature_settings: str,
    training: dsl.Input[dsl.Dataset],
    evaluation: dsl.Input[dsl.Dataset],
    findings: dsl.Output[dsl.Artifact],
    valid: dsl.OutputPath(str),
    fail_on_finding: str = "false",
):
    return dsl.ContainerSpec(
        image="validate_data",
        command=["python", "-m", "components.validate_data.main"],
        args=[
            "--feature-settings",
            feature_settings,
            "--training",
            training.path,
            "--evaluation",
            evaluation.path,
            "--findings",
            findings.path,
            "--valid",
            valid,
            "--fail-on-finding",
            fail_on_finding,
        ],
    )
