"""Interface of the deployment of a model version to KServe."""

from kfp import dsl

from engine.kubeflow.interface import container


@dsl.container_component
def deploy_model(
    model_registry_uri: str, name: str, version: str, serving_settings: str, expected: str, run: str
) -> dsl.ContainerSpec:
    return container("deploy_model", locals())
