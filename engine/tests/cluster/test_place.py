"""The loop on a cluster starts only where all that it needs is named."""

import pytest

from engine.command_line import SettingsError
from engine.tests.cluster.place import read_place

NAMED = {
    "KUBECONFIG": "kubeconfig",
    "KUBEFLOW_HOST": "https://kubeflow.example.com/pipeline",
    "IMAGE_REPOSITORY": "registry.example.com/ada/loop",
    "STORE_URI": "s3://bucket/loops/",
}


@pytest.mark.parametrize("variable", NAMED)
def test_each_variable_must_be_named(variable: str) -> None:
    with pytest.raises(SettingsError, match=rf"^expected {variable} \([^,]*.*\), found none$"):
        read_place("loop-1", NAMED | {variable: ""})


def test_loop_has_a_folder_of_its_own() -> None:
    settings = '{"secret": {"name": "keys"}}'
    place = read_place("loop-1", NAMED | {"STORE_SETTINGS": settings, "AWS_REGION": "eu-west-1", "HOME": "/"})
    assert (place.images, place.store_uri) == (NAMED["IMAGE_REPOSITORY"], "s3://bucket/loops/loop-1")
    assert place.store == {"secret": {"name": "keys"}}
    assert place.environment == {
        "KUBECONFIG": NAMED["KUBECONFIG"],
        "KUBEFLOW_HOST": NAMED["KUBEFLOW_HOST"],
        "AWS_REGION": "eu-west-1",
        "MODEL_REGISTRY_URI": "s3://bucket/loops/loop-1/models",
        "RESULTS_URI": "s3://bucket/loops/loop-1/results",
        "PREDICTIONS_URI": "s3://bucket/loops/loop-1/predictions",
    }


@pytest.mark.parametrize("settings", ["{", "[]"])
def test_store_settings_are_an_object(settings: str) -> None:
    with pytest.raises(SettingsError, match=r"^STORE_SETTINGS: expected a JSON object, found "):
        read_place("loop-1", NAMED | {"STORE_SETTINGS": settings})
