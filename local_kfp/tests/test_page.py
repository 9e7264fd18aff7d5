import os
import re
import shutil
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from local_kfp.tests.in_process import InProcessServer, wait_until

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
    assert "<main>" in page.text


@pytest.mark.parametrize("page", ["/", "/runs/{}"])
def test_an_open_page_follows_a_run_to_its_end(server: InProcessServer, look, start: Start, page: str):
    """In a browser, whose window shows the page as it was when it was opened until the script changes it."""
    if not (chromium := shutil.which("chromium")):
        (pytest.fail if os.environ.get("CI") else pytest.skip)("needs Debian's chromium")
    run = start(behave="wait")
    url = server.url + page.format(run.run_id)
    wait_until(lambda: "running</span>" in look(page.format(run.run_id)).text)
    folder = server.state / "runs" / run.run_id
    with ThreadPoolExecutor() as pool:
        options = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            f"--user-data-dir={server.state / 'chromium'}",
        ]
        command = [chromium, *options, "--virtual-time-budget=2000000", "--dump-dom", url]
        browser = pool.submit(subprocess.run, command, capture_output=True, text=True, timeout=60)
        wait_until(lambda: "/live.js" in server.pages)
        (folder / "go").touch()
        window = browser.result().stdout
    assert "failed</span>" in window and "running</span>" not in window
    assert "<main data-live" in window, "the page that was opened, and not one that was loaded again"


def test_page_of_a_run_draws_its_graph(look, start: Start, finish: Finish):
    run = finish(start(behave="fail"))
    page = look(f"/runs/{run.run_id}").text
    task = run.run_details.task_details[1].task_id
    assert re.search(rf'<a href="/runs/{run.run_id}/logs/{task}">\s*<g class="FAILED"', page)
    assert "<title>say-hello: failed</title>" in page


def test_two_runs_side_by_side_show_what_differs(look, start: Start, finish: Finish):
    one, other = finish(start(day="1", behave="succeed")), finish(start(day="2", behave="succeed"))
    page = look(f"/compare?run={one.run_id}&run={other.run_id}").text
    assert re.findall(r"<th>day</th>\s*<td><code>(.*?)</code></td>\s*<td><code>(.*?)</code></td>", page) == [
        ("1", "2")
    ]
    assert "<th>behave</th>" not in page and "1 equal" in page
    assert f'href="/runs/{one.run_id}"' in page and page.count("say-hello") == 1


@pytest.mark.parametrize("number", [0, 1, 3])
def test_another_number_of_runs_cannot_be_compared(look, start: Start, finish: Finish, number: int):
    run = finish(start())
    page = look("/compare?" + "&".join([f"run={run.run_id}"] * number))
    assert page.status_code == 400 and "Choose two runs" in page.text


def test_page_lists_what_checks_of_a_run_found(server: InProcessServer, look, start: Start, finish: Finish):
    run = finish(start())
    record = server.state / "runs" / run.run_id / "events.jsonl"
    found = '{"passed": "false", "valid": true, "greeting": "hi"}'
    record.write_text(
        re.sub(r'"parameters": \{"greeting".*?\}', f'"parameters": {found}', record.read_text())
    )
    outcomes = re.findall(r'<span class="outcome (\w+)">(\w+)</span>', look("/").text)
    assert outcomes == [("false", "passed"), ("true", "valid")]


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
