"""Brings a version into service beside the one that serves, and takes it back when it must."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from engine.command_line import Finding, SettingsError, WorldError
from engine.documents.golden import GoldenRequests
from engine.kserve import watch
from engine.kserve.cluster import Cluster
from engine.kserve.manifests import OURS, STORE_KEYS, Manifests, kept, with_share
from engine.kserve.objects import InferenceService
from engine.kserve.probes import Probe


class Rollout:
    """From manifests to served golden answers. `say` gets each step in words."""

    def __init__(
        self,
        cluster: Cluster,
        wanted: Manifests,
        golden: GoldenRequests,
        say: Callable[[str], None],
        confirm: Callable[[], None],
    ):
        self.cluster, self.wanted, self.golden, self.say = cluster, wanted, golden, say
        self.confirm = confirm
        """Raises if the version must not be promoted any more."""

    def run(self, steps: list[int]) -> str:
        """What was done, in words. Interrupted at any point, the next run goes on from what it finds."""
        served = f"{self.wanted.name}: version {self.wanted.version}"
        self._hand_over_keys()
        live = self.cluster.read("InferenceService", self.wanted.name)
        if live and watch.is_served(self.cluster, live, self.wanted):
            # An earlier run may have been interrupted before it had asked.
            self._probe(live).expect_equal()
            return f"{served} is served already; nothing to do"
        for manifest in self.wanted.supports:
            self.cluster.apply(manifest)
        if live and self._can_stand_beside(live, steps):
            self._through_canary(live, steps)
        else:
            self._replace(live)
        return f"{served} is served, and answers as the registered model does"

    def _hand_over_keys(self) -> None:
        """Have the store's keys in the cluster: those that we were given, or those that are there."""
        for secret in self.wanted.supports:
            if secret["kind"] != "Secret":
                continue
            name = secret["metadata"]["name"]
            present = self.cluster.read("Secret", name)
            keys = present.get("data", {}) if present else {}
            if "data" not in secret and not {*STORE_KEYS} <= {*keys}:
                raise SettingsError(
                    f"expected SERVING_ACCESS_KEY_ID and SERVING_SECRET_ACCESS_KEY, or a Secret {name} with"
                    f" {' and '.join(STORE_KEYS)}, found neither: the server could not read the model"
                )
            if secret.get("data", keys) != keys:
                self.cluster.apply(secret)

    def _can_stand_beside(self, live: InferenceService, steps: list[int]) -> bool:
        """A canary needs what serves beside it: a predictor of another name, or Knative's former revision."""
        if watch.is_knative(self.wanted):
            return bool(steps) and watch.has_served(live)
        return (
            self.wanted.named_predictors
            and live["spec"]["predictor"].get("name", "") != self.wanted.predictor
            and watch.condition(live, "PredictorReady").get("status") == "True"
        )

    def _replace(self, live: InferenceService | None) -> None:
        """All at once: the first version, other settings of the same one, or if nothing serves yet."""
        with self._taken_back(live):
            self._promote()

    def _through_canary(self, live: InferenceService, steps: list[int]) -> None:
        """Golden requests first, then users: a canary starts with no traffic at all."""
        with self._taken_back(live):
            for percent in (0, *steps):
                self.cluster.apply(self._canary(live, percent))
                served = watch.until_serving(self.cluster, self.wanted, percent)
                if percent == 0 and self._has_route():
                    self.cluster.apply(self.wanted.route(urlsplit(served["status"]["url"]).hostname or ""))
                probe = self._probe(served, canary=True)
                probe.expect_equal()
                role = f"the canary at {percent}%"
                behaviour = probe.expect_steady(role) if percent else "answers as the registered model does"
                self.say(f"{role}: {behaviour}")
            self._promote()
        self._remove_route()

    def _canary(self, live: InferenceService, percent: int) -> InferenceService:
        if watch.is_knative(self.wanted):
            return self.wanted.shifted(percent)
        return self.wanted.canary(live, percent)

    def _promote(self) -> None:
        self.confirm()
        self.cluster.apply(self.wanted.service)
        served = watch.until_serving(self.cluster, self.wanted)
        self._probe(served).expect_equal()

    def _probe(self, live: InferenceService, canary: bool = False) -> Probe:
        address = ""
        if canary and watch.is_knative(self.wanted):
            address = watch.newest_address(self.cluster, self.wanted)
        return Probe(self.wanted, self.golden, live, self.cluster.clock, canary, address)

    @contextmanager
    def _taken_back(self, live: InferenceService | None) -> Iterator[None]:
        """Whatever goes wrong inside, users get again what they got before."""
        try:
            yield
        except watch.Superseded:
            raise
        except BaseException as error:
            if live is None:
                raise
            taken_back = self._take_back(live)
            if isinstance(error, Finding | SettingsError | WorldError):
                raise type(error)(f"{error}\n{taken_back}") from None
            self.say(taken_back)
            raise

    def _take_back(self, live: InferenceService) -> str:
        """What became of it, in words. Never raises: it is called while other errors are handled."""
        former = live["metadata"].get("annotations", {}).get(f"{OURS}model-version", "what served before")
        is_knative = watch.is_knative(self.wanted)
        try:
            # Without a share, Knative's users get the newest ready revision until the former is ready again.
            self.cluster.apply(with_share(kept(live), 0) if is_knative else kept(live))
            if "canaryTrafficPercent" in live["spec"]["predictor"]:  # of a deployment that was interrupted
                return "taken back: what served before the canary serves all traffic"
            if watch.condition(live, "Ready").get("status") == "True":
                watch.until_alone(self.cluster, live, self.wanted)
            if is_knative:
                self.cluster.apply(kept(live))
            self._remove_route()
        except (Finding, SettingsError, WorldError) as error:
            return f"it could not be taken back: {error}\nrun this again: it goes on from what it finds"
        return f"taken back: {former} serves all traffic"

    def _has_route(self) -> bool:
        """Whether a route of a Gateway leads golden requests to the canary."""
        return bool(self.wanted.named_predictors and self.wanted.serving.get("gateway"))

    def _remove_route(self) -> None:
        if self._has_route():
            self.cluster.delete("HTTPRoute", f"{self.wanted.name}-canary")
