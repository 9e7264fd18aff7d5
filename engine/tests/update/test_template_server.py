"""Where the template <owner>/<name> is: a stranger's repository of that name elsewhere is never run."""

import subprocess
from pathlib import Path

import pytest

from engine.tests.update.repositories import Copy
from scripts.update import server_of

ENTERPRISE = "https://git.example.com"


@pytest.mark.parametrize(
    ("origin", "server"),
    [
        ("https://git.example.com/team/copy.git", ENTERPRISE),
        ("https://ada:token@git.example.com:8443/team/copy", f"{ENTERPRISE}:8443"),
        ("git@git.example.com:team/copy.git", ENTERPRISE),
        ("ssh://git@git.example.com:2222/team/copy.git", ENTERPRISE),
        ("work:team/copy.git", "https://work"),
        ("https://github.com/ada/copy", "https://github.com"),
        ("git@github.com-work:ada/copy.git", "https://github.com"),
        ("ssh://git@ssh.github.com:443/ada/copy.git", "https://github.com"),
        ("git@gitlab.com:ada/copy.git", "https://github.com"),
        ("/srv/git/copy.git", "https://github.com"),
        ("origin", "https://github.com"),
    ],
)
def test_the_server_of_origin_unless_anyone_may_own_a_name_there(origin: str, server: str) -> None:
    assert server_of(origin) == server


@pytest.mark.parametrize(
    ("origin", "variables"),
    [("git@git.example.com:team/copy.git", {}), ("/srv/copy.git", {"GITHUB_SERVER_URL": ENTERPRISE})],
)
def test_the_template_is_on_the_enterprise_server_and_recorded_with_it(
    copy: Copy, tmp_path: Path, origin: str, variables: dict[str, str]
) -> None:
    copy.git("clone", "--quiet", copy.template.root, tmp_path / "acme/template")
    copy.git("remote", "add", "origin", origin)
    settings = tmp_path / "gitconfig"
    settings.write_text(f'[url "{tmp_path.as_uri()}/"]\n\tinsteadOf = {ENTERPRISE}/\n')
    options = copy.options()
    options["env"].pop("GITHUB_SERVER_URL", None)
    options["env"] |= {"GIT_CONFIG_GLOBAL": str(settings)} | variables

    done = subprocess.run(copy.command("--template", "acme/template"), **options)

    assert done.returncode == 0, done.stdout + done.stderr
    assert copy.record("template-update-2.0.0")["template"] == f"{ENTERPRISE}/acme/template"
