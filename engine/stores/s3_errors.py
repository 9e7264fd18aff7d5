"""What goes wrong between this process and S3, as one line: the store's code, whose keys, what to do."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from engine.command_line import WorldError
from engine.stores.errors import another_first, nothing_at
from engine.stores.s3 import credentials, s3_client, s3_endpoint

RENEW = "the session has ended; get new keys, or take the role again"
WAYS = {
    "ExpiredToken": RENEW,
    "ExpiredTokenException": RENEW,
    "RequestExpired": RENEW,
    "TokenRefreshRequired": RENEW,
    "InvalidToken": "AWS_SESSION_TOKEN is not of this key; set the three values of one session",
    "InvalidAccessKeyId": "the store does not know this key; check AWS_ACCESS_KEY_ID and AWS_ENDPOINT_URL",
    "SignatureDoesNotMatch": "check AWS_SECRET_ACCESS_KEY, which is not of this key",
    "RequestTimeTooSkewed": "set this machine's clock",
    "AccessDenied": "allow s3:ListBucket, s3:GetObject and s3:PutObject here, or use other credentials",
}
"""What to do about each code; its credentials are what the store refuses."""
OTHER_REGION = {
    "PermanentRedirect",
    "AuthorizationHeaderMalformed",
    "IllegalLocationConstraintException",
    "301",
}
KINDS = {
    "env": "keys of the environment",
    "shared-credentials-file": "keys of ~/.aws/credentials",
    "config-file": "keys of ~/.aws/config",
    "assume-role": "an assumed role",
    "assume-role-with-web-identity": "a role by web identity",
    "iam-role": "the machine's role",
    "container-role": "the container's role",
    "sso": "a single sign-on",
}
"""In words, how boto3 found the credentials."""


@contextmanager
def clear_s3_errors(uri: str) -> Iterator[None]:
    """Whatever boto3 raises about `uri` becomes the one line that a person can act on."""
    from botocore import exceptions as aws

    try:
        yield
    except aws.ClientError as error:
        raise _answered(uri, error) from None
    except (aws.NoCredentialsError, aws.PartialCredentialsError):
        problem = "there are no credentials; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE"
        raise WorldError(f"{uri}: {problem}, or give this machine a role") from None
    except (aws.IncompleteReadError, aws.ResponseStreamingError):
        raise WorldError(f"{uri}: the answer ended before its length; try again") from None
    except aws.SSLError as error:
        problem = f"{_place()} is not trusted ({error.kwargs['error']}); set AWS_CA_BUNDLE to its authority"
        raise WorldError(f"{uri}: {problem}") from None
    except aws.ProxyConnectionError as error:
        problem = f"the proxy {error.kwargs['proxy_url']} does not connect; check HTTPS_PROXY and NO_PROXY"
        raise WorldError(f"{uri}: {problem}") from None
    except (aws.ConnectionError, aws.HTTPClientError):
        raise WorldError(f"{uri}: cannot reach {_place()}; check AWS_ENDPOINT_URL and the network") from None
    except aws.BotoCoreError as error:
        raise WorldError(f"{uri}: {error}") from None


def _answered(uri: str, error: Any) -> WorldError:
    code = error.response["Error"]["Code"]
    metadata = error.response["ResponseMetadata"]
    status = metadata.get("HTTPStatusCode")
    bucket = uri.removeprefix("s3://").partition("/")[0]
    if code == "NoSuchKey":  # never the bare status: any web server says 404
        return nothing_at(uri)
    if code == "NoSuchBucket" or (status == 404 and error.operation_name in ("HeadBucket", "ListObjectsV2")):
        return WorldError(f"{uri}: there is no bucket {bucket!r}; create it first")
    if status in (409, 412):
        return another_first(uri)
    if error.operation_name.startswith("AssumeRole"):
        return WorldError(f"{uri}: the role is not given ({code}); check AWS_ROLE_ARN and whom it trusts")
    if code in OTHER_REGION:
        region = metadata.get("HTTPHeaders", {}).get("x-amz-bucket-region") or error.response["Error"].get(
            "Region", "the bucket's"
        )
        return WorldError(
            f"{uri}: the bucket is not in {s3_client().meta.region_name} ({code}); set AWS_REGION to {region}"
        )
    if code in WAYS or status in (401, 403):
        way = WAYS.get(code, WAYS["AccessDenied"])
        return WorldError(f"{uri}: the store refused these credentials ({code}): {identity()}; {way}")
    return WorldError(f"{uri}: the store answered {status} {code}; try again later")


def identity() -> str:
    """The kind of the credentials, the end of their key's id, and when they expire if that is known."""
    keys = credentials()
    words = f"{KINDS.get(keys.method, keys.method)}, key id ...{keys.access_key[-4:]}"
    expiry = getattr(keys, "_expiry_time", None)
    return f"{words}, until {expiry:%Y-%m-%d %H:%M} UTC" if expiry else words


def _place() -> str:
    return s3_endpoint() or "AWS"
