"""Fail the run whose verdict did not pass."""

from kfp import dsl

from engine.kubeflow.interface import container


@dsl.container_component
def enforce_verdict(verdict: dsl.Input[dsl.Artifact]) -> dsl.ContainerSpec:
    return container("enforce_verdict", locals())
