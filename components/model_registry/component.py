"""Interfaces of the model registry."""

from kfp import dsl


@dsl.container_component
def resolve_model(
    model_registry_uri: str,
    name: str,
    alias: str,
    fallback: str,
    model: dsl.Output[dsl.Model],
    version: dsl.Output[dsl.Artifact],
    history: dsl.Output[dsl.Artifact],
    build_features_image: dsl.OutputPath(str),
    score_model_image: dsl.OutputPath(str),
    feature_settings: dsl.OutputPath(str),
    digest: dsl.OutputPath(str),
):
    return dsl.ContainerSpec(
        image="model_registry",
        command=["python", "-m", "components.model_registry.main", "resolve"],
        args=[
            "--model-registry-uri",
            model_registry_uri,
            "--name",
            name,
            "--alias",
            alias,
            "--fallback",
            fallback,
            "--model",
            model.path,
            "--version",
            version.path,
            "--history",
            history.path,
            "--build-features-image",
            build_features_image,
            "--score-model-image",
            score_model_image,
            "--feature-settings",
            feature_settings,
            "--digest",
            digest,
        ],
    )


@dsl.container_component
def register_model(
    model_registry_uri: str,
    name: str,
    model: dsl.Input[dsl.Model],
    record: dsl.Input[dsl.Artifact],
    verdict: dsl.Input[dsl.Artifact],
    metadata: str,
    version: dsl.OutputPath(str),
):
    return dsl.ContainerSpec(
        image="model_registry",
        command=["python", "-m", "components.model_registry.main", "register"],
        args=[
            "--model-registry-uri",
            model_registry_uri,
            "--name",
            name,
            "--model",
            model.path,
            "--record",
            record.path,
            "--verdict",
            verdict.path,
            "--metadata",
            metadata,
            "--version",
            version,
        ],
    )


@dsl.container_component
def promote_model(
    model_registry_uri: str,
    name: str,
    version: str,
    expected: str,
    verdict: dsl.Input[dsl.Artifact],
):
    return dsl.ContainerSpec(
        image="model_registry",
        command=["python", "-m", "components.model_registry.main", "promote"],
        args=[
            "--model-registry-uri",
            model_registry_uri,
            "--name",
            name,
            "--version",
            version,
            "--expected",
            expected,
            "--verdict",
            verdict.path,
        ],
    )


@dsl.container_component
def rollback_model(model_registry_uri: str, name: str, to: str = "", reason: str = ""):
    return dsl.ContainerSpec(
        image="model_registry",
        command=["python", "-m", "components.model_registry.main", "rollback"],
        args=["--model-registry-uri", model_registry_uri, "--name", name, "--to", to, "--reason", reason],
    )
