"""The right to create runs is asked for, and no run is created."""

import json

from engine.tests.doctor.broken_set_ups import SetUp, wrong
from engine.tests.standins.guarded_endpoint import JSON
from engine.tests.standins.http_server import Answer
from scripts.doctor import examine

REFUSED = Answer(
    403,
    JSON,
    json.dumps(
        {
            "code": 7,
            "message": "User 'ann' is not authorized with reason: (request: &ResourceAttributes"
            "{Namespace:staging,Verb:create,Group:pipelines.kubeflow.org,Resource:runs,})",
        }
    ).encode(),
)
EXPERIMENTS = [{"experiment_id": "1", "display_name": "gate"}]


def test_an_account_that_may_list_and_not_create_is_named(up: SetUp) -> None:
    host = up.endpoint(experiments=EXPERIMENTS, to_create=REFUSED)
    [result] = wrong(up.site(KUBEFLOW_HOST=host, **up.token()), "endpoint")
    assert result.name == "rights" and "the right to create runs in staging" in result.found
    assert result.remedy.startswith("kubectl create rolebinding")


def test_a_namespace_without_experiments_leaves_it_to_the_run(up: SetUp) -> None:
    site = up.site(KUBEFLOW_HOST=up.endpoint(to_create=REFUSED), **up.token())
    found = {each.check: each.found for each in examine(site, ("endpoint",))}
    assert "the run of one step shows the rest" in found["right to run"]
