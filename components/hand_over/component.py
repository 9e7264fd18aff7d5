"""Interfaces of what passes between the places of prepare, candidate and judge."""

from kfp import dsl

from engine.kubeflow.interface import container


@dsl.container_component
def send_rows(
    training: dsl.Input[dsl.Dataset],
    outcomes: dsl.Input[dsl.Dataset],
    evaluation: dsl.Input[dsl.Dataset],
    uri: str,
) -> dsl.ContainerSpec:
    return container("hand_over send_rows", locals())


@dsl.container_component
def take_rows(
    uri: str,
    training: dsl.Output[dsl.Dataset],
    outcomes: dsl.Output[dsl.Dataset],
    evaluation: dsl.Output[dsl.Dataset],
) -> dsl.ContainerSpec:
    return container("hand_over take_rows", locals())


@dsl.container_component
def send_features(
    training: dsl.Input[dsl.Dataset],
    evaluation: dsl.Input[dsl.Dataset],
    uri: str,
) -> dsl.ContainerSpec:
    return container("hand_over send_features", locals())


@dsl.container_component
def send_candidate(
    training: dsl.Input[dsl.Dataset],
    evaluation: dsl.Input[dsl.Dataset],
    predictions: dsl.Input[dsl.Dataset],
    record: dsl.Input[dsl.Artifact],
    model: dsl.Input[dsl.Model],
    uri: str,
) -> dsl.ContainerSpec:
    return container("hand_over send_candidate", locals())


@dsl.container_component
def receive_features(
    uri: str,
    truth: dsl.Input[dsl.Dataset],
    control: dsl.Input[dsl.Dataset],
    training: dsl.Output[dsl.Dataset],
    evaluation: dsl.Output[dsl.Dataset],
) -> dsl.ContainerSpec:
    return container("hand_over receive_features", locals())


@dsl.container_component
def receive_model(
    uri: str,
    truth: dsl.Input[dsl.Dataset],
    predictions: dsl.Output[dsl.Dataset],
    record: dsl.Output[dsl.Artifact],
) -> dsl.ContainerSpec:
    return container("hand_over receive_model", locals())
