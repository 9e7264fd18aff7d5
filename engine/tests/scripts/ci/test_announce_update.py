"""One issue says which newer version there is, until the copy has it; with a token, a pull request does."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.github.acceptance import BOT
from engine.github.update_issue import LABEL, MARK
from engine.tests.scripts.steps import Step
from engine.tests.standins.github_api import GitHubApi
from engine.tests.update.repositories import Copy, Repository, environment, make_template
from scripts.ci.announce_update import LONGEST_CHANGES, PERMISSIONS, described

PAGE = "docs/page.md"


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    return make_template(tmp_path_factory.mktemp("template") / "template")


@pytest.fixture
def copy(template: Repository, tmp_path: Path) -> Copy:
    """A copy of 1.1.0 that knows its template, at tmp_path/you/flight-delays and as it is at GitHub."""
    copy = Copy(tmp_path / "copy", template)
    template.extract("v1.1.0", copy.root)
    copy.initialise()
    copy.write({".github/template.json": json.dumps({"template": str(template.root), "version": "1.1.0"})})
    copy.commit()
    copy.git("init", "--quiet", "--bare", tmp_path / "you/flight-delays.git")
    return copy


@pytest.fixture
def announce(copy: Copy, github_api: GitHubApi, tmp_path: Path) -> Callable[..., Step]:
    def run(**variables: str) -> Step:
        given = github_api.environment(**PERMISSIONS) | {"GITHUB_SERVER_URL": tmp_path.as_uri()}
        done = Step(copy.root, "ci.announce_update", **environment(), **given, **variables)
        assert done.status == 0, done.error
        return done

    return run


def opened(api: GitHubApi) -> list[dict]:
    return [issue for issue in api.issues.values() if issue["state"] == "open"]


def test_one_issue_says_what_is_new_until_the_copy_has_it(
    announce, copy: Copy, github_api: GitHubApi
) -> None:
    github_api.add_issue("Another's", MARK, by="eve")
    for _ in range(2):
        announce()
    _, issue = opened(github_api)
    assert issue["title"] == "Update the template from 1.1.0 to 2.0.0"
    assert [label["name"] for label in issue["labels"]] == [LABEL]
    assert f"make update TEMPLATE={copy.template.root}\n" in issue["body"]
    assert "## 2.0.0\n\nA tree with two owners." in issue["body"]
    assert "Newer pins." not in issue["body"]
    assert copy.branches == []

    copy.update()
    copy.git("merge", "--quiet", "template-update-2.0.0")
    announce()

    assert [each["user"]["login"] for each in opened(github_api)] == ["eve"]


def test_the_button_names_the_template_too(announce, copy: Copy, github_api: GitHubApi) -> None:
    copy.write({".github/template.json": json.dumps({"template": "", "version": "1.1.0", "commit": ""})})
    assert announce().printed.startswith("skipped: ")
    github_api.about["template_repository"] = {"full_name": str(copy.template.root)}
    announce()
    assert len(opened(github_api)) == 1


def test_the_template_is_looked_for_on_the_server_of_the_workflow(
    announce, copy: Copy, github_api: GitHubApi, tmp_path: Path
) -> None:
    copy.git("clone", "--quiet", copy.template.root, tmp_path / "acme/template")
    copy.write({".github/template.json": json.dumps({"template": "", "version": "1.1.0", "commit": ""})})
    github_api.about["template_repository"] = {"full_name": "acme/template"}
    announce()
    (issue,) = opened(github_api)
    assert f"make update TEMPLATE={tmp_path.as_uri()}/acme/template\n" in issue["body"]


def test_the_updater_gets_no_token(announce, copy: Copy) -> None:
    shown = "{'up_to_date': True, 'version': ' '.join(os.environ)}"
    copy.write({"scripts/update.py": f"import json, os\nprint(json.dumps({shown}))\n"})
    variables = announce(UPDATE_TOKEN="a", ACTIONS_RUNTIME_TOKEN="b", HTTPS_PROXY="c").printed.split()
    assert {"HTTPS_PROXY", "GITHUB_SERVER_URL", "GIT_COMMITTER_NAME"} <= {*variables}
    assert not [name for name in variables if "TOKEN" in name]


def test_with_a_token_a_pull_request_brings_the_update_once(
    announce, github_api: GitHubApi, tmp_path
) -> None:
    token = github_api.environment(**{"pull-requests": "write"})["GITHUB_TOKEN"]
    for _ in range(2):
        announce(UPDATE_TOKEN=token)
    (pull,) = github_api.pulls.values()
    assert (pull["head"]["ref"], pull["base"]["ref"]) == ("template-update-2.0.0", "main")
    assert pull["title"] == "Update the template from 1.1.0 to 2.0.0"
    assert not opened(github_api)
    pushed = Repository(tmp_path / "you/flight-delays.git")
    assert pushed.record("template-update-2.0.0")["version"] == "2.0.0"
    assert pushed.git("log", "-1", "--format=%an", "template-update-2.0.0") == BOT


def test_an_update_that_conflicts_is_an_issue_even_with_a_token(
    announce, copy, github_api: GitHubApi
) -> None:
    copy.edit("scripts/train.py", "from scripts.lib import", "from scripts.lib import own,")
    copy.commit()
    token = github_api.environment(**{"pull-requests": "write"})["GITHUB_TOKEN"]
    announce(UPDATE_TOKEN=token)
    (issue,) = opened(github_api)
    assert "It needs your decisions:" in issue["body"]
    assert "  scripts/train.py" in issue["body"]
    assert not github_api.pulls
    assert issue["user"]["login"] == BOT


def test_long_changes_are_cut() -> None:
    news = {"template": "a/b", "changes": "x" * (LONGEST_CHANGES + 1)}
    assert described(news).endswith("x\n\n(cut here: CHANGELOG.md of the template has all of it)\n")
