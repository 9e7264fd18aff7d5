"""A kfp.Client that waits, tries again, and takes an answer only for what it is. It imports kfp: a second."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import kfp
import kfp_server_api as api
import urllib3
from kfp_server_api.rest import RESTClientObject
from urllib3.exceptions import ConnectTimeoutError, HTTPError, MaxRetryError, NewConnectionError, SSLError

from engine.access.causes import cause_of_distrust, cause_of_refusal, cause_of_silence, message_of
from engine.access.refusals import DiagnosedError, Diagnosis, diagnose
from engine.access.tokens import Credential, NoCredential
from engine.command_line import WorldError
from engine.http import retry

TIMEOUT = (10, 60)  # seconds to connect, and between two bytes of an answer
NO_CREDENTIAL = NoCredential()
ENDS_THE_SAME = (":terminate", ":archive", ":enable", ":disable")


class Refused(WorldError):  # noqa: N818 - an answer, which a caller may have expected
    """The server understood and said no; `code` is its HTTP status."""

    def __init__(self, message: str, code: int, diagnosis: Diagnosis | None = None):
        super().__init__(message)
        self.code, self.diagnosis = code, diagnosis


class Client(kfp.Client):
    """kfp.Client for one host, built from what it is given and nothing else.

    kfp's own __init__ also reads ~/.config/kfp/context.json, may send a Google token to the host, and asks
    for healthz without a timeout; so it is not called.
    """

    def __init__(
        self,
        configuration: api.Configuration,
        namespace: str = "",
        waits: Sequence[float] = retry.WAITS,
        credential: Credential = NO_CREDENTIAL,
    ):
        configuration.retries = urllib3.Retry(total=0, raise_on_redirect=False)
        client = api.ApiClient(configuration)
        client.rest_client = self.rest = PatientRest(configuration, waits, credential)
        self.host = self._uihost = configuration.host
        self._existing_config = configuration
        self._context_setting = {"namespace": namespace}
        self.version: str | None = None
        """The server's own after the first request, if the server states one."""
        self.service_account: str | None = None
        """What runs on the cluster run as, if that is not the server's default."""
        self._is_refresh_token = True  # kfp then never fetches a Google token in answer to a 401
        self._experiment_api = api.ExperimentServiceApi(client)
        self._healthz_api = api.HealthzServiceApi(client)
        self._pipelines_api = api.PipelineServiceApi(client)
        self._recurring_run_api = api.RecurringRunServiceApi(client)
        self._run_api = api.RunServiceApi(client)
        self._upload_api = api.PipelineUploadServiceApi(client)

    def known(self, answer: Any, identity: str) -> Any:
        """`answer`, which must have the field `identity`: any other JSON deserializes to an empty model."""
        if not getattr(answer, identity, None):
            raise DiagnosedError(self.host, diagnose("not-kubeflow", field=identity))
        return answer

    def healthz(self) -> dict[str, Any]:
        """The answer as JSON: kfp's model of it leaves out tag_name, the server's version."""
        answer = self._healthz_api.healthz_service_get_healthz(_preload_content=False)
        health: dict[str, Any] = json.loads(answer.data)
        return health

    def read_log(self, run_id: str, pod: str) -> str:
        """What a task has printed so far, if the server returns it."""
        headers = self._run_api.api_client.default_headers | self.rest.credential.headers()
        url = f"{self.host}/apis/v1alpha1/runs/{run_id}/nodes/{pod}/log"
        # Not PatientRest's own, which takes JSON alone.
        answer = RESTClientObject.request(self.rest, "GET", url, headers=headers, _request_timeout=TIMEOUT)
        if answer.getheader("content-type", "").startswith("text/html") or b'{"error_message"' in answer.data:
            raise WorldError(f"{url}: expected a log, found none")
        log: str = answer.data.decode(errors="replace")
        return log


class PatientRest(RESTClientObject):
    """The HTTP side of kfp's client: a request that may pass later is sent again, and an answer is JSON."""

    def __init__(self, configuration: api.Configuration, waits: Sequence[float], credential: Credential):
        super().__init__(configuration)  # type: ignore[no-untyped-call] # kfp has no types
        self.waits, self.credential = waits, credential

    def request(self, method: str, url: str, **options: Any) -> Any:  # type: ignore[override] # kfp names them
        options["_request_timeout"] = options.get("_request_timeout") or TIMEOUT
        headers = options.pop("headers", None) or {}
        renewed = False

        def attempt() -> Any:
            nonlocal renewed
            sent = {**headers, **self.credential.headers()}
            try:
                # kfp changes the headers that it is given.
                return super(PatientRest, self).request(  # type: ignore[no-untyped-call] # kfp has no types
                    method, url, headers=dict(sent), **options
                )
            except (api.ApiException, HTTPError) as error:
                explained = _explained(error, method, url, sent)
                if not renewed and getattr(error, "status", None) == 401 and self.credential.renew():
                    renewed = True
                    raise retry.Failed(explained, wait=0) from None
                if not _may_pass(error, method, url):
                    raise explained from None
                wish = (getattr(error, "headers", None) or {}).get("Retry-After")
                raise retry.Failed(explained, retry.wished_wait(wish)) from None

        return _json_only(retry.retried(attempt, self.waits), f"{method} {_plain(url)}")


def configure(host: str, proxy: str | None, ca: str | None) -> api.Configuration:
    configuration = api.Configuration(host=host)
    configuration.proxy = proxy
    configuration.ssl_ca_cert = ca
    return configuration


def _may_pass(error: Exception, method: str, url: str) -> bool:
    """Whether to try again. What creates something is sent twice only if the first had no effect for sure."""
    repeatable = method in ("GET", "DELETE") or url.partition("?")[0].endswith(ENDS_THE_SAME)
    if isinstance(error, api.ApiException):
        return retry.may_pass(error.status, repeatable)
    reason = error.reason if isinstance(error, MaxRetryError) else error
    if isinstance(reason, SSLError):  # a server that is not trusted does not become so
        return False
    return repeatable or isinstance(reason, NewConnectionError | ConnectTimeoutError)


def _json_only(answer: Any, where: str) -> Any:
    try:
        if isinstance(json.loads(answer.data), dict):
            return answer
    except ValueError:
        pass
    start = answer.data[:1000].lower()
    html = b"<html" in start or b"<!doctype html" in start
    raise DiagnosedError(where, diagnose("html" if html else "not-json", found=repr(answer.data[:40])))


def _explained(error: Exception, method: str, url: str, sent: Mapping[str, str]) -> WorldError:
    where = f"{method} {_plain(url)}"
    if not isinstance(error, api.ApiException):
        if cause := cause_of_silence(error, url, TIMEOUT):
            return DiagnosedError(where, cause)
        reason = error.reason if isinstance(error, MaxRetryError) else error
        return WorldError(f"{where}: expected an answer, found {str(reason).rpartition('): ')[2]}")
    if error.status == 0:  # TLS, of which only the text is left
        return DiagnosedError(where, cause_of_distrust(error.reason, url))
    location = (error.headers or {}).get("Location", "")
    if cause := cause_of_refusal(error.status, error.body, location, sent):
        return Refused(f"{where}: {cause}", error.status, cause)
    detail = f": {message}" if (message := message_of(error.body)) else ""
    return Refused(
        f"{where}: expected success, found {error.status} {error.reason or ''}{detail}", error.status
    )


def _plain(url: str) -> str:
    return url.partition("?")[0]
