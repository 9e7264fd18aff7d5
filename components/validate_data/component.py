"""Interface of the validation."""

from kfp import dsl

from engine.kubeflow.interface import container


@dsl.container_component
def validate_data(
    feature_settings: str,
    training: dsl.Input[dsl.Dataset],
    evaluation: dsl.Input[dsl.Dataset],
    findings: dsl.Output[dsl.Artifact],
    valid: dsl.OutputPath(str),
    fail_on_finding: str = "false",
) -> dsl.ContainerSpec:
    return container("validate_data", locals())
