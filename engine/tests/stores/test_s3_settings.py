"""One set of settings: what the registry, results and predictions honour, tables honour too."""

import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from engine.command_line import SettingsError, WorldError
from engine.stores import s3, storage
from engine.tests.standins.authority import Authority
from engine.tests.standins.http_server import Answer, Request, serving_requests

KEYS = {"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE1234", "AWS_SECRET_ACCESS_KEY": "secret"}
ERROR = "<Error><Code>{code}</Code><Message>no</Message></Error>"
PROFILE = """[profile team]
aws_access_key_id = AKIAPROFILE
aws_secret_access_key = secret
region = us-gov-west-1
endpoint_url = {endpoint}
s3 =
  addressing_style = {style}
"""
EMPTY = b'<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"></ListBucketResult>'
ROLE = """<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
<AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>ASIAROLE5678</AccessKeyId>
<SecretAccessKey>secret</SecretAccessKey><SessionToken>of the role</SessionToken>
<Expiration>2099-01-02T03:04:05Z</Expiration></Credentials></AssumeRoleWithWebIdentityResult>
</AssumeRoleWithWebIdentityResponse>"""


def list_objects(uri: str) -> None:
    """As the registry, results and predictions ask."""
    storage.list_names(uri)


def list_table(uri: str) -> None:
    """As tables are asked for."""
    from pyarrow import fs

    with storage.clear_errors(uri):
        filesystem, path = storage.filesystem(uri)
        filesystem.get_file_info(fs.FileSelector(path, allow_not_found=True))


Use = Callable[[str], None]
both = pytest.mark.parametrize("use", [list_objects, list_table])


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Callable[..., None]]:
    """Call it with variables: they, and no others of AWS, proxies and authorities, are set."""
    names = [*s3.REGIONS, *s3.ENDPOINTS, *s3.AUTHORITIES, "AWS_SESSION_TOKEN", "AWS_PROFILE"]
    for name in [*names, *KEYS, "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY"]:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setattr(s3, "ATTEMPTS", 1)

    def put(**variables: str) -> None:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        s3.forget_client()

    yield put
    s3.forget_client()


@contextmanager
def store(
    answer: Callable[[Request], Answer] = lambda request: Answer(200, {}, EMPTY), **options: ssl.SSLContext
) -> Iterator[tuple[str, list[Request]]]:
    """The host of a store that answers so, and what it was asked."""
    requests: list[Request] = []

    def noted(request: Request) -> Answer:
        requests.append(request)
        return answer(request)

    with serving_requests(noted, **options) as host:
        yield host, requests


def signed_region(request: Request) -> str:
    return request.headers["Authorization"].partition("Credential=")[2].split("/")[2]


@both
@pytest.mark.parametrize("variable", ["AWS_REGION", "AWS_DEFAULT_REGION"])
def test_requests_are_signed_in_the_region(settings, use: Use, variable: str) -> None:
    with store() as (host, requests):
        settings(AWS_ENDPOINT_URL=f"http://{host}", **KEYS, **{variable: "cn-north-1\n"})
        use("s3://bucket/x")
    assert {signed_region(request) for request in requests} == {"cn-north-1"}


@both
def test_session_tokens_are_sent_and_buckets_are_paths(settings, use: Use) -> None:
    with store() as (host, requests):
        settings(AWS_ENDPOINT_URL=f"http://{host}", AWS_SESSION_TOKEN="temporary", **KEYS)
        use("s3://bucket/x")
    assert {request.headers["X-Amz-Security-Token"] for request in requests} == {"temporary"}
    assert all(request.path.startswith("/bucket") for request in requests)


@both
def test_a_profile_gives_keys_region_and_endpoint(settings, use: Use, tmp_path: Path) -> None:
    with store() as (host, requests):
        (tmp_path / "config").write_text(PROFILE.format(endpoint=f"http://{host}", style="path"))
        settings(AWS_PROFILE="team")
        use("s3://bucket/x")
    assert requests and all(request.path.startswith("/bucket") for request in requests)
    assert {signed_region(request) for request in requests} == {"us-gov-west-1"}
    assert all("AKIAPROFILE" in request.headers["Authorization"] for request in requests)


@both
def test_a_profile_makes_host_names_of_buckets(settings, use: Use, tmp_path: Path) -> None:
    """A bucket's host has no address here, so the proxy gets the request for it."""
    with store() as (proxy, requests):
        endpoint = "http://store.example"
        (tmp_path / "config").write_text(PROFILE.format(endpoint=endpoint, style="virtual"))
        settings(AWS_PROFILE="team", HTTP_PROXY=f"http://{proxy}")
        use("s3://bucket/x")
    assert {request.headers["Host"] for request in requests} == {"bucket.store.example"}


@both
def test_a_role_is_taken_by_web_identity(settings, use: Use, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("a token")
    with store(lambda request: Answer(200, {}, ROLE.encode())) as (sts, asked), store() as (host, requests):
        settings(
            AWS_ROLE_ARN="arn:aws:iam::111122223333:role/x",
            AWS_WEB_IDENTITY_TOKEN_FILE=str(tmp_path / "token"),
            AWS_ENDPOINT_URL_STS=f"http://{sts}",
            AWS_ENDPOINT_URL_S3=f"http://{host}",
            AWS_REGION="eu-west-1",
        )
        use("s3://bucket/x")
    assert len(asked) == 1
    assert {request.headers["X-Amz-Security-Token"] for request in requests} == {"of the role"}


@both
@pytest.mark.parametrize("variable", s3.AUTHORITIES)
def test_a_private_authority_is_trusted_without_a_scheme(
    settings, use: Use, variable: str, tmp_path: Path
) -> None:
    authority = Authority(tmp_path)
    with store(context=authority.issue("store").context()) as (host, requests):
        settings(AWS_ENDPOINT_URL=host, **KEYS)
        with pytest.raises(WorldError, match=f"https://{host} is not trusted .*set AWS_CA_BUNDLE"):
            use("s3://bucket/x")
        settings(**{variable: str(authority.path)})
        use("s3://bucket/x")
    assert requests


@both
@pytest.mark.parametrize("variable", s3.AUTHORITIES)
def test_an_authority_that_is_not_there_is_named(settings, use: Use, variable: str) -> None:
    settings(**KEYS, **{variable: "/no/such.pem"})
    with pytest.raises(SettingsError, match=f"{variable}: expected a file of certificates"):
        use("s3://bucket/x")


@both
def test_requests_go_through_the_proxy_unless_the_host_is_excepted(settings, use: Use) -> None:
    with ExitStack() as stack:
        host, direct = stack.enter_context(store())
        proxy, tunnels = stack.enter_context(store(lambda request: Answer(502)))
        settings(AWS_ENDPOINT_URL="https://store.example.com", HTTPS_PROXY=proxy, **KEYS)
        with pytest.raises(WorldError, match="check HTTPS_PROXY and NO_PROXY"):
            use("s3://bucket/x")
        assert {(request.method, request.path) for request in tunnels} == {
            ("CONNECT", "store.example.com:443")
        }
        tunnels.clear()
        settings(AWS_ENDPOINT_URL=f"http://{host}", HTTP_PROXY=f"http://{proxy}", NO_PROXY="127.0.0.1")
        use("s3://bucket/x")
    assert direct
    assert not tunnels


@both
@pytest.mark.parametrize(
    ("status", "code", "way"),
    [
        (400, "ExpiredToken", "the session has ended; get new keys"),
        (400, "InvalidToken", "AWS_SESSION_TOKEN is not of this key"),
        (403, "InvalidAccessKeyId", "check AWS_ACCESS_KEY_ID and AWS_ENDPOINT_URL"),
        (403, "SignatureDoesNotMatch", "check AWS_SECRET_ACCESS_KEY"),
        (403, "RequestTimeTooSkewed", "set this machine's clock"),
        (403, "AccessDenied", "allow s3:ListBucket"),
    ],
)
def test_a_refusal_names_code_key_and_way(settings, use: Use, status: int, code: str, way: str) -> None:
    with store(lambda request: Answer(status, {}, ERROR.format(code=code).encode())) as (host, _):
        settings(AWS_ENDPOINT_URL=f"http://{host}", **KEYS)
        said = rf"refused these credentials \({code}\): keys of the environment, key id \.\.\.1234; .*{way}"
        with pytest.raises(WorldError, match=said):
            use("s3://bucket/x")


@both
def test_another_region_is_named(settings, use: Use) -> None:
    body = ERROR.format(code="AuthorizationHeaderMalformed").replace(
        "</Error>", "<Region>eu-west-3</Region></Error>"
    )
    with store(lambda request: Answer(400, {}, body.encode())) as (host, _):
        settings(AWS_ENDPOINT_URL=f"http://{host}", AWS_REGION="eu-west-1", **KEYS)
        with pytest.raises(WorldError, match=r"not in eu-west-1 .*set AWS_REGION to eu-west-3"):
            use("s3://bucket/x")


@both
def test_a_store_without_credentials_is_refused_with_what_to_set(settings, use: Use) -> None:
    settings(AWS_ENDPOINT_URL="http://127.0.0.1:9")
    with pytest.raises(WorldError, match="there are no credentials; set AWS_ACCESS_KEY_ID"):
        use("s3://bucket/x")


def test_the_identity_names_the_end_of_a_session(settings) -> None:
    settings(AWS_SESSION_TOKEN="x", AWS_CREDENTIAL_EXPIRATION="2099-01-02T03:04:05Z", **KEYS)
    from engine.stores.s3_errors import identity

    assert identity() == "keys of the environment, key id ...1234, until 2099-01-02 03:04 UTC"
