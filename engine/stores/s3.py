"""The one client of S3, and pyarrow's filesystem with the same settings and credentials."""

import functools
import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from engine.command_line import SettingsError

CONNECT_SECONDS = 5
READ_SECONDS = 60
ATTEMPTS = 3
REGIONS = ("AWS_REGION", "AWS_DEFAULT_REGION")
ENDPOINTS = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")
AUTHORITIES = ("AWS_CA_BUNDLE", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")


@functools.cache
def s3_session() -> Any:
    """A session of its own, because the default one keeps its first credentials for ever."""
    import boto3
    from botocore.session import Session

    core = Session()
    for setting, value in (("region", _first(REGIONS)), ("ca_bundle", s3_authority())):
        if value:
            core.set_config_variable(setting, value)
    return boto3.Session(botocore_session=core)


@functools.cache
def s3_client() -> Any:
    from botocore.config import Config

    config = Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
        request_checksum_calculation="when_required",  # the default is refused by older S3-compatible stores
        s3={"addressing_style": _addressing_style()},
    )
    return s3_session().client("s3", config=config, endpoint_url=s3_endpoint())


def forget_client() -> None:
    """Let the next client read settings and credentials again."""
    s3_client.cache_clear()
    s3_session.cache_clear()


def s3_filesystem(bucket: str) -> Any:
    """A pyarrow filesystem that reads `bucket` as the client does, with the credentials of this moment."""
    from botocore.httpsession import ProxyConfiguration, get_cert_path
    from botocore.utils import get_environ_proxies
    from pyarrow import fs

    url, style = s3_client().meta.endpoint_url, s3_client().meta.config.s3["addressing_style"]
    keys = credentials().get_frozen_credentials()
    open_filesystem: Any = fs.S3FileSystem  # its stubs lack the authority
    return open_filesystem(
        access_key=keys.access_key,
        secret_key=keys.secret_key,
        session_token=keys.token,
        region=s3_client().meta.region_name,
        endpoint_override=urlsplit(url).netloc,
        scheme=urlsplit(url).scheme,
        force_virtual_addressing=style == "virtual" or (style == "auto" and "." not in bucket),
        proxy_options=ProxyConfiguration(get_environ_proxies(url)).proxy_url_for(url),
        tls_ca_file_path=get_cert_path(s3_session()._session.get_config_variable("ca_bundle") or True),
        connect_timeout=CONNECT_SECONDS,
        request_timeout=READ_SECONDS,
        retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=ATTEMPTS),
    )


def credentials() -> Any:
    from botocore.exceptions import NoCredentialsError

    if (keys := s3_session().get_credentials()) is None:
        raise NoCredentialsError
    return keys


def s3_endpoint() -> str | None:
    """The store's URL; one without a scheme is behind https. None: AWS, or what the profile names."""
    endpoint = _first(ENDPOINTS)
    return f"https://{endpoint}" if endpoint and "://" not in endpoint else endpoint


def s3_authority() -> str | None:
    """The file of certificates that is trusted in place of those that boto3 has."""
    path = _first(AUTHORITIES)
    if path and not Path(path).exists():
        name = next(name for name in AUTHORITIES if os.environ.get(name))
        raise SettingsError(f"{name}: expected a file of certificates, found none at {path}")
    return path


def _addressing_style() -> Any:
    """What the profile says, else a path at stores whose buckets have no host names."""
    profile = s3_session()._session.get_scoped_config()
    style = profile.get("s3", {}).get("addressing_style")
    return style or ("path" if s3_endpoint() or profile.get("endpoint_url") else "auto")


def _first(names: tuple[str, ...]) -> str | None:
    return next((value for name in names if (value := os.environ.get(name, "").strip())), None)
