"""The whole story of the demo, by the commands that a user would type."""

import json
import re
from urllib.parse import unquote

from engine.tests.project import Project


def test_the_demo_reaches_the_verdicts_of_its_story(project: Project) -> None:
    done = project.run("demo", seconds=900, MODEL_REGISTRY_URI="s3://nobody/may/touch/this")

    assert done.returncode == 0, done.stdout + done.stderr
    folder = project.root / "build/demo"
    story = json.loads((folder / "story.json").read_text())
    steps = {step["number"]: step for step in story["steps"]}
    champions = [step["champion"] for step in story["steps"] if step["moved"]]
    first, weather, retrained, back = champions
    assert back == weather and len({first, weather, retrained}) == 3
    assert [steps[number]["word"] for number in (4, 7, 8, 9)] == ["BETTER", "WORSE", "INVALID", "ALARM"]
    since = story["performance"]["since_replaced"]
    assert since["weeks"] == 25 and since["lower"] > 0
    log = (folder / "logs/12.log").read_text()
    assert f"back from {retrained} to {weather}" in log

    shown = (folder / "index.html").read_text()
    links = [unquote(link) for link in re.findall(r'href="([^#"][^"]*)"', shown)]
    assert len(links) > 20
    assert not [link for link in links if not (folder / link).is_file()]
    assert "http://" not in shown and "https://" not in shown
    assert "12 steps in" in done.stdout
    assert f"page: {(folder / 'index.html').as_uri()}" in done.stdout
