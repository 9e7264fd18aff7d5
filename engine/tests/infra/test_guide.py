"""docs/exposing-kubeflow.md names what exists, and its commands fill in all placeholders of the overlays."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from engine.tests.project import ROOT

GUIDE = (ROOT / "docs/exposing-kubeflow.md").read_text()
COMMANDS = "\n".join(re.findall(r"```bash\n(.*?)```", GUIDE, re.DOTALL))
PLACEHOLDER = re.compile(
    r"^[^#\n]*\b(OWNER|REPOSITORY|\w+_ID|REGION|kubeflow\.example\.com|192\.0\.2\.1)\b.*$", re.MULTILINE
)
NAMES = "s/REPOSITORY_ID/2/g;s/OWNER_ID/1/g;s/REPOSITORY/flights/g;s/OWNER/acme/g"
ANSWERS = {
    "gh": NAMES,
    "terraform": "arn:aws:x:y:1:z/a",
    "jq": "arn:aws:iam::1:role/a",
    "kubectl": "10.0.0.7",
}


def applied_overlays() -> set[str]:
    return {*re.findall(r"kubectl apply (?:--[a-z-]+ )*--kustomize infra/kubeflow/([\w-]+)", COMMANDS)}


def test_the_commands_fill_in_the_placeholders(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "infra/kubeflow", tmp_path / "infra/kubeflow")
    for program, answer in ANSWERS.items():
        stand_in = tmp_path / "bin" / program
        stand_in.parent.mkdir(exist_ok=True)
        stand_in.write_text(f"#!/bin/sh\necho '{answer}'\n")
        stand_in.chmod(0o755)
    edits = "\n".join(line for line in COMMANDS.splitlines() if re.match(r"(sed|grep|gh api)\b", line))

    ended = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", edits],
        cwd=tmp_path,
        env={"PATH": f"{tmp_path / 'bin'}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (ended.returncode, ended.stderr) == (0, "")
    left = {
        f"{path.relative_to(tmp_path)}: {match[0].strip()}"
        for overlay in applied_overlays()
        for path in (tmp_path / "infra/kubeflow" / overlay).glob("*.yaml")
        for match in PLACEHOLDER.finditer(path.read_text())
    }
    assert left == set()


def test_each_overlay_of_the_guide_exists() -> None:
    assert applied_overlays() >= {
        "github-oidc",
        "ci-rbac",
        "pr-namespace",
        "eks-service-account",
        "alb-ingress",
    }
    assert [name for name in applied_overlays() if not (ROOT / "infra/kubeflow" / name).is_dir()] == []


@pytest.mark.parametrize(
    ("pattern", "kind", "file"),
    [
        (r"terraform -chdir=infra/aws output (?:-\w+ )?(\w+)", "output", "outputs.tf"),
        (
            r"`?\b(create_github_provider|zone_id|load_balancer_name|delete_with_content)\b",
            "variable",
            "variables.tf",
        ),
    ],
)
def test_each_name_of_terraform_exists(pattern: str, kind: str, file: str) -> None:
    declared = {*re.findall(rf'^{kind} "(\w+)"', (ROOT / "infra/aws" / file).read_text(), re.MULTILINE)}
    assert {*re.findall(pattern, GUIDE)} <= declared


def test_links_to_parts_of_the_page_lead_there() -> None:
    titles = {
        re.sub(r"[^a-z -]", "", title.lower()).replace(" ", "-")
        for title in re.findall(r"^#+ (.*)", GUIDE, re.M)
    }
    assert {*re.findall(r"\]\(#([\w-]+)\)", GUIDE)} <= titles
