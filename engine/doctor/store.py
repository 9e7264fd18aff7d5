"""Checks of the stores: read, write, and write on condition, as commands do it."""

import time
from email.utils import parsedate_to_datetime
from typing import Any

from engine.access.refusals import Diagnosis
from engine.command_line import SettingsError
from engine.doctor.refusals import diagnose
from engine.doctor.results import Result, Results, Site, failed, ok, skipped, warned
from engine.stores.object_stores import FileStore, S3Store
from engine.stores.s3 import s3_client, s3_endpoint
from engine.stores.storage import open_store

VARIABLES = ("MODEL_REGISTRY_URI", "RESULTS_URI", "PREDICTIONS_URI")
PROBE = "doctor/probe"
CONTENT = b"written by the doctor"
MOST_SKEW = 60  # seconds; S3 refuses 900
BY_CODE = {
    "InvalidAccessKeyId": "store-key",
    "SignatureDoesNotMatch": "store-secret",
    "ExpiredToken": "store-expired",
    "NoSuchBucket": "store-bucket",
    "PermanentRedirect": "store-region",
    "AuthorizationHeaderMalformed": "store-region",
    "IllegalLocationConstraintException": "store-region",
    "RequestTimeTooSkewed": "store-clock",
}
LOST = {"PreconditionFailed", "ConditionalRequestConflict"}


def check(site: Site) -> Results:
    uris: dict[str, list[str]] = {}
    for variable in VARIABLES:
        if uri := site.variable(variable):
            uris.setdefault(uri, []).append(variable)
        else:
            yield skipped(variable, "not set: a folder of the checkout is used")
    for uri, variables in uris.items():
        yield from _store(site, ", ".join(variables), uri)


def _store(site: Site, check: str, uri: str) -> Results:
    try:
        store = open_store(uri)
    except SettingsError:
        yield failed(check, diagnose("store-uri", variable=check, found=uri))
        return
    if site.dry_run:
        yield skipped(check, f"{uri} was not written to: --dry-run")
    elif isinstance(store, FileStore):
        yield _folder(check, store, uri)
    else:
        yield from _bucket(check, store, uri)


def _folder(check: str, store: FileStore, uri: str) -> Result:
    try:
        store.write(PROBE, CONTENT)
    except OSError as error:
        return failed(check, diagnose("store", uri=uri, found=error.strerror or type(error).__name__))
    return ok(check, f"{uri} can be written and read")


def _bucket(check: str, store: S3Store, uri: str) -> Results:
    from botocore.exceptions import BotoCoreError, ClientError

    facts = {"uri": uri, "bucket": store.bucket, "endpoint": s3_endpoint() or "AWS"}
    place = {"Bucket": store.bucket, "Key": f"{store.prefix}/{PROBE}".lstrip("/")}
    step = "write"
    try:
        answer = s3_client().put_object(**place, Body=CONTENT)
        step = "read"
        s3_client().get_object(**place)["Body"].read()
        yield ok(check, f"{uri} can be written and read in {s3_client().meta.region_name}")
        yield from _clock(check, facts, answer)
        step = "conditional"
        s3_client().put_object(**place, Body=CONTENT, IfNoneMatch="*")
        yield failed(check, diagnose("store-conditional", **facts, found="both written"))
    except ClientError as error:
        yield _refused(check, facts, step, error)
    except BotoCoreError as error:
        yield failed(check, _unanswered(facts, error))


def _refused(check: str, facts: dict[str, str], step: str, error: Any) -> Result:
    code = error.response["Error"]["Code"]
    headers = error.response["ResponseMetadata"].get("HTTPHeaders", {})
    if step == "conditional":
        if code in LOST:
            return ok(check, f"{facts['uri']} refuses a conditional write that lost")
        return failed(check, diagnose("store-conditional", **facts, found=code))
    region = headers.get("x-amz-bucket-region") or error.response["Error"].get("Region", "another region")
    name = BY_CODE.get(code) or (f"store-{step}" if code in ("AccessDenied", "403") else "store")
    seconds = _skew(headers)
    return failed(check, diagnose(name, **facts, found=code, region=region, seconds=f"{seconds:.0f}"))


def _unanswered(facts: dict[str, str], error: Exception) -> Diagnosis:
    from botocore import exceptions as aws

    match error:
        case aws.NoCredentialsError() | aws.PartialCredentialsError():
            return diagnose("store-credentials", **facts)
        case aws.SSLError():
            return diagnose("store-authority", **facts)
        case aws.ConnectionError() | aws.HTTPClientError():
            return diagnose("store-silent", **facts)
    return diagnose("store", **facts, found=type(error).__name__)


def _clock(check: str, facts: dict[str, str], answer: dict[str, Any]) -> Results:
    seconds = _skew(answer["ResponseMetadata"]["HTTPHeaders"])
    if abs(seconds) > MOST_SKEW:
        yield warned(check, diagnose("store-clock", **facts, seconds=f"{seconds:.0f}"))


def _skew(headers: dict[str, str]) -> float:
    """Seconds that this clock is ahead of the store's."""
    stated = headers.get("date")
    return time.time() - parsedate_to_datetime(stated).timestamp() if stated else 0.0
