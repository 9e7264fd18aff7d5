"""Interface of the loading of a window's rows."""

from kfp import dsl

from engine.kubeflow.interface import container


@dsl.container_component
def load_data(
    data_settings: str,
    window: str,
    as_of: str,
    tables: dsl.Output[dsl.Dataset],
) -> dsl.ContainerSpec:
    return container("load_data", locals())
