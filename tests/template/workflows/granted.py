"""The token of a job, which may do at the stand-in for GitHub's API what its workflow grants it."""

from collections.abc import Mapping

import yaml

from tests.template.project import ROOT
from tests.template.standins.github_api import GitHubApi
from tests.template.workflows.act import TOKEN


def granted(api: GitHubApi, workflow: str, job: str) -> dict[str, str]:
    """What reaches `api` from this job of `workflow`, and from no other: the environment to run it with."""
    described: Mapping = yaml.safe_load((ROOT / ".github/workflows" / workflow).read_text())
    permissions = described["jobs"][job]["permissions"]
    api.tokens[TOKEN] = {name.replace("-", "_"): level for name, level in permissions.items()}
    return {"GITHUB_API_URL": api.url}
