"""The token of jobs, which may do at the stand-in for GitHub's API what their workflow grants them."""

import yaml

from engine.tests.project import ROOT
from engine.tests.standins.github_api import LEVELS, GitHubApi
from engine.tests.workflows.act import TOKEN


def granted(api: GitHubApi, *jobs: str) -> dict[str, str]:
    """What reaches `api` as these jobs, each as workflow/job: the environment to run them with."""
    token: dict[str, str] = {}
    for workflow, job in (each.split("/") for each in jobs):
        described = yaml.safe_load((ROOT / f".github/workflows/{workflow}.yml").read_text())
        for name, level in described["jobs"][job]["permissions"].items():
            token[name.replace("-", "_")] = max(level, token.get(name, level), key=LEVELS.__getitem__)
    api.tokens[TOKEN] = token
    return {"GITHUB_API_URL": api.url}
