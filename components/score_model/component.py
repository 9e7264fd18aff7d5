"""Interfaces of the scoring: for the gate, and of a batch in production."""

from kfp import dsl

from engine.kubeflow.interface import container


@dsl.container_component
def score_model(
    model: dsl.Input[dsl.Model],
    feature_settings: str,
    features: dsl.Input[dsl.Dataset],
    predictions: dsl.Output[dsl.Dataset],
) -> dsl.ContainerSpec:
    return container("score_model", locals())


@dsl.container_component
def predict_batch(
    model: dsl.Input[dsl.Model],
    model_version: str,
    feature_settings: str,
    features: dsl.Input[dsl.Dataset],
    predictions: dsl.Output[dsl.Dataset],
    rejects: dsl.Output[dsl.Dataset],
) -> dsl.ContainerSpec:
    return container("score_model", locals())
