"""Interface of the features."""

from kfp import dsl


@dsl.container_component
def build_features(
    feature_settings: str,
    tables: dsl.Input[dsl.Dataset],
    features: dsl.Output[dsl.Dataset],
):
    return dsl.ContainerSpec(
        image="build_features",
        command=["python", "-m", "components.build_features.main"],
        args=[
            "--feature-settings",
            feature_settings,
            "--tables",
            tables.path,
            "--features",
            features.path,
        ],
    )
