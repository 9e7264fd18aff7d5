"""Interface of the loading of a window's rows."""

from kfp import dsl


@dsl.container_component
def load_data(
    data_settings: str,
    window: str,
    as_of: str,
    tables: dsl.Output[dsl.Dataset],
):
    return dsl.ContainerSpec(
        image="load_data",
        command=["python", "-m", "components.load_data.main"],
        args=[
            "--data-settings",
            data_settings,
            "--window",
            window,
            "--as-of",
            as_of,
            "--tables",
            tables.path,
        ],
    )
