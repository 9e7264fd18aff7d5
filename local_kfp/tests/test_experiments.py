from concurrent.futures import ThreadPoolExecutor

import httpx
import kfp
import kfp_server_api
import pytest

from local_kfp.tests.in_process import InProcessServer


def test_create_experiment_returns_an_existing_one(client: kfp.Client):
    first = client.create_experiment("nightly", description="each night")
    assert client.create_experiment("nightly").experiment_id == first.experiment_id
    assert client.get_experiment(first.experiment_id).description == "each night"
    with pytest.raises(ValueError, match="No experiment is found with name none"):
        client.get_experiment(experiment_name="none")


def test_default_experiment_exists_and_cannot_be_deleted(client: kfp.Client):
    default = client.get_experiment(experiment_name="Default")
    with pytest.raises(
        kfp_server_api.ApiException, match="The default experiment cannot be deleted"
    ) as refused:
        client.delete_experiment(default.experiment_id)
    assert refused.value.status == 409


def test_experiment_names_are_unique_and_not_empty(client: kfp.Client):
    create = client._experiment_api.experiment_service_create_experiment
    with pytest.raises(kfp_server_api.ApiException, match="The name Default already exists") as taken:
        create(kfp_server_api.V2beta1Experiment(display_name="Default"))
    assert taken.value.status == 409
    with pytest.raises(kfp_server_api.ApiException, match="non-empty name"):
        create(kfp_server_api.V2beta1Experiment())


def test_of_experiments_created_at_the_same_moment_one_succeeds(server: InProcessServer):
    def create(_: int) -> int:
        return httpx.post(f"{server.url}/apis/v2beta1/experiments", json={"display_name": "new"}).status_code

    with ThreadPoolExecutor(8) as pool:
        statuses = sorted(pool.map(create, range(8)))
    assert statuses == [200] + [409] * 7


def test_run_without_experiment_belongs_to_the_default(client: kfp.Client, version: dict[str, str]):
    run = client.run_pipeline(None, "greet", **version)
    default = client.get_experiment(experiment_name="Default")
    assert run.experiment_id == default.experiment_id
    assert default.last_run_created_at == run.created_at


def test_archiving_an_experiment_archives_runs_and_disables_schedules(
    client: kfp.Client, version: dict[str, str]
):
    experiment = client.create_experiment("nightly").experiment_id
    run = client.run_pipeline(experiment, "greet", **version)
    schedule = client.create_recurring_run(experiment, "nightly", cron_expression="0 0 9 * * *", **version)
    client.archive_experiment(experiment)
    assert client.get_experiment(experiment).storage_state == "ARCHIVED"
    assert client.get_run(run.run_id).storage_state == "ARCHIVED"
    assert client.get_recurring_run(schedule.recurring_run_id).status == "DISABLED"
    with pytest.raises(kfp_server_api.ApiException, match="must be un-archived first") as refused:
        client.unarchive_run(run.run_id)
    assert refused.value.status == 400
    client.unarchive_experiment(experiment)
    assert client.get_run(run.run_id).storage_state == "ARCHIVED"
    client.unarchive_run(run.run_id)


def test_delete_experiment_makes_it_not_found(client: kfp.Client):
    experiment = client.create_experiment("nightly").experiment_id
    client.delete_experiment(experiment)
    with pytest.raises(kfp_server_api.ApiException, match=f"Experiment {experiment} not found") as gone:
        client.delete_experiment(experiment)
    assert gone.value.status == 404
