"""Interfaces of the features: with labels or without, and of tables whose outcomes are hidden."""

from kfp import dsl

from engine.kubeflow.interface import container


@dsl.container_component
def build_features(
    feature_settings: str,
    tables: dsl.Input[dsl.Dataset],
    features: dsl.Output[dsl.Dataset],
) -> dsl.ContainerSpec:
    return container("build_features", locals())


@dsl.container_component
def build_labelled_features(
    feature_settings: str,
    tables: dsl.Input[dsl.Dataset],
    outcomes: dsl.Input[dsl.Dataset],
    features: dsl.Output[dsl.Dataset],
) -> dsl.ContainerSpec:
    return container("build_features", locals())


@dsl.container_component
def hide_outcomes(
    feature_settings: str,
    tables: dsl.Input[dsl.Dataset],
    hidden: dsl.Output[dsl.Dataset],
) -> dsl.ContainerSpec:
    return container("build_features", locals())
