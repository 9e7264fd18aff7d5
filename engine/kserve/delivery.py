"""From the model registry to the cluster: one version, with the settings of `serving`."""

import os

from engine.command_line import SettingsError
from engine.kserve import manifests, releases
from engine.kserve.cluster import Cluster
from engine.kserve.manifests import Manifests
from engine.kserve.releases import Release
from engine.kserve.rollout import Rollout
from engine.kserve.serving_settings import ServingSettings
from engine.model_registry.model_registry import ModelRegistry, PromotionLost


def rendered(
    registry: ModelRegistry,
    serving: ServingSettings,
    version: str,
    run: str,
    release: Release = releases.NEWEST,
) -> Manifests:
    """What would be applied."""
    document, uri = registry.version(version), registry.model_uri(version)
    return manifests.render(serving, document, uri, run, store_keys(), release)


def deliver(
    registry: ModelRegistry,
    serving: ServingSettings,
    version: str,
    run: str,
    expected: str,
    steps: list[int] | None = None,
) -> str:
    """Have `version` served; what was done, in words.

    `expected` is the champion that the version was compared with; with another one it is not promoted.
    """

    def confirm() -> None:
        champion = (registry.champion() or {"version": ""})["version"]
        if champion not in (expected, version):
            raise PromotionLost(
                f"{registry.name}: the champion is {champion or 'none'}, not {expected or 'none'};"
                " gate the version again"
            )

    steps = serving["canary"]["steps"] if steps is None else steps
    cluster = Cluster(serving["namespace"])
    release = releases.release_of(cluster.definitions())
    release.check(serving["mode"], steps)
    wanted = rendered(registry, serving, version, run, release)
    return Rollout(cluster, wanted, registry.golden(version), say, confirm).run(steps)


def store_keys() -> dict[str, str] | None:
    """The keys that the server reads the model with; None: the cluster's Secret has them already.

    They are the server's own, because the keys of the deployment may write.
    """
    keys = os.environ.get("SERVING_ACCESS_KEY_ID", ""), os.environ.get("SERVING_SECRET_ACCESS_KEY", "")
    if all(keys):
        return dict(zip(manifests.STORE_KEYS, keys, strict=True))
    if any(keys):
        raise SettingsError(
            "SERVING_ACCESS_KEY_ID, SERVING_SECRET_ACCESS_KEY: expected both or none, found one"
        )
    return None


def say(text: str) -> None:
    print(text, flush=True)
