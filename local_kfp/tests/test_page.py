from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from local_kfp.tests.in_process import InProcessServer

Start = Callable[..., Any]
Finish = Callable[[Any], Any]


@pytest.fixture
def look(server: InProcessServer) -> Callable[[str], httpx.Response]:
    return lambda path: httpx.get(server.url + path)


def test_page_without_runs(look):
    assert "No runs yet." in look("/").text


def test_page_lists_runs_with_their_tasks(
    look, client, start: Start, finish: Finish, version: dict[str, str]
):
    done, failed = finish(start()), finish(start(behave="fail"))
    client.create_recurring_run(None, "each night", cron_expression="0 0 3 * * *", **version)
    client.create_recurring_run(None, "each minute", interval_second=60, **version)
    page = look("/")
    assert f'href="/runs/{done.run_id}"' in page.text
    assert page.text.index(failed.run_id) < page.text.index(done.run_id)
    assert 'title="say-hello: failed"' in page.text
    assert "each night" in page.text and "0 0 3 * * *" in page.text and "03:00:00 UTC" in page.text
    assert "every 60 s" in page.text
    assert 'http-equiv="refresh"' not in page.text


def test_page_reloads_while_a_run_is_active(look, start: Start):
    run = start(behave="hang")
    assert 'http-equiv="refresh"' in look("/").text
    assert 'http-equiv="refresh"' in look(f"/runs/{run.run_id}").text


def test_page_of_a_run_shows_error_log_and_report(look, start: Start, finish: Finish):
    run = finish(start(behave="fail", day="<i>2013</i>"))
    page = look(f"/runs/{run.run_id}")
    assert "say-hello failed" in page.text and "exit status 1" in page.text and "1.9 s" in page.text
    assert "&lt;b&gt;hi&lt;/b&gt;" in page.text and "&lt;i&gt;2013&lt;/i&gt;" in page.text
    log = look(f"/runs/{run.run_id}/logs/{run.run_details.task_details[1].task_id}")
    assert (log.text, log.headers["content-type"]) == ("hello from the task\n", "text/plain; charset=utf-8")
    report = f"/runs/{run.run_id}/artifacts/artifacts/report.html"
    assert f'<iframe sandbox title="report" src="{report}"' in page.text
    assert look(report).headers["content-security-policy"].startswith("sandbox; default-src 'none'")
    assert look(report).headers["content-type"] == "text/html; charset=utf-8"


def test_page_serves_only_artifacts_of_the_run(server: InProcessServer, look, start: Start, finish: Finish):
    run = finish(start())
    artifacts: Path = server.state / "runs" / run.run_id / "artifacts"
    (artifacts / "data.bin").write_bytes(b"\xff\x00")
    (artifacts / "notes").write_text("plain")
    (artifacts / "link").symlink_to("/etc/hostname")
    base = f"/runs/{run.run_id}/artifacts"
    assert look(f"{base}/artifacts/data.bin").headers["content-type"] == "application/octet-stream"
    assert look(f"{base}/artifacts/notes").headers["content-type"] == "text/plain; charset=utf-8"
    for elsewhere in ("artifacts/link", "%2e%2e/%2e%2e/kfp.db", "/etc/hostname", "artifacts", "none"):
        assert look(f"{base}/{elsewhere}").status_code == 404
    assert look("/runs/%2e%2e/artifacts/kfp.db").status_code == 404


def test_page_of_a_missing_run_or_artifact_is_404(look):
    assert look("/runs/none").status_code == 404
    assert look("/runs/none/logs/none").status_code == 404


def test_page_shows_each_artifact_of_a_loop(server: InProcessServer, look, start: Start, finish: Finish):
    run = finish(start())
    record = server.state / "runs" / run.run_id / "events.jsonl"
    uris = '["file:///shards/1", "file:///shards/2"]'
    record.write_text(record.read_text().replace('"artifacts": {', f'"artifacts": {{"shards": {uris}, '))
    page = look(f"/runs/{run.run_id}").text
    assert "file:///shards/1" in page and "file:///shards/2" in page
