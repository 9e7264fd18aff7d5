"""Fail the run whose verdict did not pass."""

from kfp import dsl


@dsl.container_component
def enforce_verdict(verdict: dsl.Input[dsl.Artifact]):
    return dsl.ContainerSpec(
        image="enforce_verdict",
        command=["python", "-m", "components.enforce_verdict.main"],
        args=["--verdict", verdict.path],
    )
