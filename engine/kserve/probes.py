"""Golden requests through the InferenceService's URL: the answers, how many fail, and how long they take."""

import math
from urllib.parse import urlsplit

from engine.command_line import Finding
from engine.documents.golden import GoldenRequests
from engine.kserve.cluster import Clock
from engine.kserve.golden_requests import differences
from engine.kserve.manifests import HEADER, Manifests, infer_path, workload_name
from engine.kserve.objects import InferenceService

ROUTE_SECONDS = 60  # that a gateway may take until it leads to what is ready
TIMEOUT = (5, 30)


class WrongAnswers(Finding):
    """What is served does not answer as the registered model does."""


class Probe:
    """Golden requests of one version, to the canary or to the predictor."""

    def __init__(
        self,
        wanted: Manifests,
        golden: GoldenRequests,
        live: InferenceService,
        clock: Clock,
        canary: bool,
        address: str = "",
    ):
        """`address` is where the canary answers, if the URL of the InferenceService does not lead there."""
        import requests

        url, ingress = live["status"]["url"].rstrip("/"), wanted.serving.get("ingress", "").rstrip("/")
        self.headers = {HEADER: wanted.predictor} if canary else {}
        if address:
            url, self.headers = address.rstrip("/"), {}
        elif canary and not wanted.serving.get("gateway"):
            service = workload_name(wanted.name, wanted.predictor)
            url, ingress = f"http://{service}.{wanted.serving['namespace']}.svc", ""
        if ingress:
            self.headers["Host"] = urlsplit(url).netloc
        self.url = (ingress or url) + infer_path(wanted.name)
        self.golden, self.clock, self.limits = golden, clock, wanted.serving["canary"]
        self.session = requests.Session()

    def expect_equal(self) -> None:
        """Fail if the answers are not the registered model's own, once the way to the server is there."""
        gives_up = self.clock.now() + ROUTE_SECONDS
        while problem := self._asked():
            if self.clock.now() > gives_up:
                raise WrongAnswers(f"golden requests to {self.url}: {problem}")
            self.clock.sleep(2)

    def expect_steady(self, role: str) -> str:
        """Ask throughout the pause of a step; fail by the errors or by the time that answers take."""
        limits, seconds, problems = self.limits, [], []
        for _ in range(limits["requests"]):
            start = self.clock.now()
            if problem := self._asked():
                problems.append(problem)
            seconds.append(self.clock.now() - start)
            self.clock.sleep(limits["pause_seconds"] / limits["requests"])
        share, slow = len(problems) / len(seconds), 1000 * percentile_95(seconds)
        if share > limits["maximum_error_share"]:
            raise WrongAnswers(
                f"{role}: {len(problems)} of {len(seconds)} golden requests failed,"
                f" at most {limits['maximum_error_share']:.0%} may; the first: {problems[0]}"
            )
        if slow > limits["maximum_p95_ms"]:
            raise WrongAnswers(
                f"{role}: 95% of the answers took up to {slow:.0f} ms, at most {limits['maximum_p95_ms']} may"
            )
        return f"{len(seconds)} golden requests, {len(problems)} failed, p95 {slow:.0f} ms"

    def _asked(self) -> str:
        """What is wrong with an answer, or ""."""
        import requests

        try:
            answer = self.session.post(
                self.url, json=self.golden["request"], headers=self.headers, timeout=TIMEOUT
            )
            if answer.status_code != 200:
                return f"answered {answer.status_code}: {' '.join(answer.text.split())[:200]}"
            return "; ".join(differences(self.golden, answer.json()))
        except requests.exceptions.JSONDecodeError:
            return "answered no JSON"
        except requests.exceptions.RequestException as error:
            return f"no answer ({type(error).__name__})"


def percentile_95(values: list[float]) -> float:
    return sorted(values)[math.ceil(0.95 * len(values)) - 1]
