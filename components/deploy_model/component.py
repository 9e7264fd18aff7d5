"""Interface of the deployment of a model version to KServe."""

from kfp import dsl


@dsl.container_component
def deploy_model(
    model_registry_uri: str, name: str, version: str, serving_settings: str, expected: str, run: str
):
    return dsl.ContainerSpec(
        image="deploy_model",
        command=["python", "-m", "components.deploy_model.main"],
        args=[
            "--model-registry-uri",
            model_registry_uri,
            "--name",
            name,
            "--version",
            version,
            "--serving-settings",
            serving_settings,
            "--expected",
            expected,
            "--run",
            run,
        ],
    )
