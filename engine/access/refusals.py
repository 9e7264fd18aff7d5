"""Print the table of everything that can be wrong on the way to an endpoint, each with what repairs it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from engine.command_line import SettingsError, WorldError, parser


@dataclass(frozen=True)
class Refusal:
    """`problem` says what was expected and found, `remedy` is the command that repairs it.

    Both have {names}, which are filled in when the refusal is met.
    """

    name: str
    problem: str
    remedy: str

    def row(self) -> str:
        shown = (re.sub(r"\{(\w+)\}", r"<\1>", text) for text in (self.problem, self.remedy))
        problem, remedy = (text.replace("|", "\\|") for text in shown)
        return f"| `{self.name}` | {problem.replace('<', '&lt;')} | `{remedy}` |"


@dataclass(frozen=True)
class Diagnosis:
    """A refusal as it was met, in words."""

    name: str
    problem: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.problem}; {self.remedy}"


class DiagnosedError(WorldError):
    """An error that the table explains; `where` says what was asked."""

    def __init__(self, where: str, diagnosis: Diagnosis):
        super().__init__(f"{where}: {diagnosis}")
        self.diagnosis = diagnosis


class DiagnosedSettingsError(SettingsError):
    """The same for a setting, which `where` names."""

    def __init__(self, where: str, diagnosis: Diagnosis):
        super().__init__(f"{where}: {diagnosis}")
        self.diagnosis = diagnosis


def refusals(*entries: tuple[str, str, str]) -> dict[str, Refusal]:
    return {name: Refusal(name, problem, remedy) for name, problem, remedy in entries}


def table(entries: Mapping[str, Refusal]) -> str:
    rows = ("| name | line | repaired by |", "|---|---|---|")
    return "\n".join((*rows, *(entry.row() for entry in entries.values())))


def diagnose(name: str, **facts: object) -> Diagnosis:
    """The refusal called `name` on the way to an endpoint; `facts` fill in its words."""
    return filled(REFUSALS[name], facts)


def filled(refusal: Refusal, facts: Mapping[str, object]) -> Diagnosis:
    known = {name: str(fact) for name, fact in facts.items()}
    return Diagnosis(refusal.name, refusal.problem.format_map(known), refusal.remedy.format_map(known))


SET_HOST = "gh variable set KUBEFLOW_HOST --env <environment> --body https://<host>/pipeline"
MAKE_ROLE = "kubectl apply -k infra/kubeflow/ci-rbac"
LET_IN = "kubectl apply -k infra/kubeflow/github-oidc"
TERRAFORM = "terraform -chdir=infra/aws apply"
BY_THE_CLUSTER = "gh variable set KUBEFLOW_AUTH --env <environment> --body eks-oidc"

REFUSALS = refusals(
    ("url", "expected a URL such as https://host/pipeline, found '{host}'", SET_HOST),
    ("dns", "expected an address of {host}, found none: no record, or its zone is not delegated", TERRAFORM),
    (
        "refused-connection",
        "expected a server at {host} port {port}, found the connection refused",
        "kubectl apply -k infra/kubeflow/alb-ingress",
    ),
    (
        "black-hole",
        "expected a connection to {host} port {port}, found no answer in {seconds} seconds:"
        " an internal load balancer, or a security group",
        BY_THE_CLUSTER,
    ),
    (
        "silent",
        "expected an answer from {host}, found none in {seconds} seconds after the connection",
        "kubectl --namespace kubeflow rollout restart deployment/ml-pipeline",
    ),
    (
        "dropped",
        "expected an answer from {host}, found the connection closed",
        "kubectl --namespace istio-system rollout restart deployment/istio-ingressgateway",
    ),
    (
        "tls-authority",
        "expected a certificate of {host} from a known authority, found an unknown one",
        "export SSL_CERT_FILE=<the authority's certificates>.pem",
    ),
    (
        "tls-self-signed",
        "expected a certificate of {host} from an authority, found one that signs itself",
        "export SSL_CERT_FILE=<that certificate>.pem",
    ),
    (
        "tls-expired",
        "expected a certificate of {host} that is valid today, found it expired",
        "kubectl cert-manager renew --namespace istio-system --all",
    ),
    (
        "tls-early",
        "expected a certificate of {host} that is valid today, found one of the future: a clock is wrong",
        "sudo timedatectl set-ntp true",
    ),
    ("tls-name", "expected a certificate for {host}, found one for other names", TERRAFORM),
    (
        "tls-plain",
        "expected TLS at {host} port {port}, found plain HTTP",
        "kubectl apply -k infra/kubeflow/alb-ingress",
    ),
    (
        "tls-old",
        "expected TLS 1.2 or newer of {host}, found an older protocol",
        "kubectl --namespace istio-system annotate ingress --all --overwrite"
        " alb.ingress.kubernetes.io/ssl-policy=ELBSecurityPolicy-TLS13-1-2-2021-06",
    ),
    (
        "tls",
        "expected a trusted connection to {host}, found {cause}",
        "openssl s_client -connect {host}:{port}",
    ),
    (
        "authority-file",
        "expected a file of certificates, found none at {path}",
        "unset SSL_CERT_FILE",
    ),
    ("proxy", "expected the proxy {proxy} to connect, found {cause}", "export NO_PROXY={host}"),
    (
        "proxy-login",
        "expected the proxy {proxy} to let this in, found 407: it requires a login",
        "export HTTPS_PROXY=http://<user>:<password>@<proxy>",
    ),
    ("html", "expected JSON, found HTML: a login page or a wrong path", SET_HOST),
    ("not-json", "expected JSON, found {found}: a login page or a wrong path", SET_HOST),
    (
        "redirect",
        "expected JSON, found a redirect to {target}: a login page or a wrong path",
        "gh variable set KUBEFLOW_AUTH --env <environment> --body github-oidc",
    ),
    ("not-kubeflow", "expected an answer with {field}, found none: is this Kubeflow?", SET_HOST),
    ("wrong-path", "expected Kubeflow Pipelines at {url}, found 404", SET_HOST),
    (
        "no-token",
        "expected the request to be let in, found {status}{said}: no token was sent",
        "gh variable set KUBEFLOW_AUTH --env <environment> --body github-oidc",
    ),
    (
        "token-expired",
        "expected a token that is valid, found 401{said}: it expired at {expiry}",
        "gh secret set KUBEFLOW_TOKEN --env <environment>",
    ),
    ("token-issuer", "expected the gateway to know issuer {issuer}, found 401{said}", LET_IN),
    (
        "token-key",
        "expected the gateway to know the token's key, found 401{said}: the issuer's keys are stale there",
        "kubectl --namespace istio-system rollout restart deployment/istiod",
    ),
    (
        "token-form",
        "expected a token of three parts, found 401{said}: it is not a JWT",
        "gh secret set KUBEFLOW_TOKEN --env <environment>",
    ),
    ("no-identity", "expected the gateway to pass on the token's subject, found 401{said}", LET_IN),
    (
        "token-refused",
        "expected success, found 401{said}",
        "gh secret set KUBEFLOW_TOKEN --env <environment>",
    ),
    (
        "audience",
        "expected a token for the gateway's audience, found 403{said}: it is for {audience}",
        "gh variable set KUBEFLOW_AUDIENCE --env <environment> --body <the gateway's audience>",
    ),
    (
        "gateway-policy",
        "expected the gateway to let repository {repository} in, found 403{said} for {subject}",
        LET_IN,
    ),
    (
        "rights",
        "expected {subject} to have the right to {verb} {resource} in {namespace}, found 403{said}",
        "kubectl create rolebinding mlops-ci-user --namespace {namespace} --role mlops-ci --user '{subject}'",
    ),
    ("forbidden", "expected success, found 403{said}", MAKE_ROLE),
    (
        "old-server",
        "expected Kubeflow Pipelines 2.16.1 or newer, found {version}: it skips authorization of pipelines"
        " without a namespace",
        "kubectl --namespace kubeflow set image deployment/ml-pipeline"
        " '*=ghcr.io/kubeflow/kfp-api-server:2.17.0'",
    ),
    (
        "no-namespace",
        "expected KUBEFLOW_NAMESPACE, found none: {host} has several users",
        "gh variable set KUBEFLOW_NAMESPACE --env <environment> --body <profile>",
    ),
    (
        "oidc-variables",
        "expected ACTIONS_ID_TOKEN_REQUEST_URL from GitHub, found none: the job lacks the permission, or"
        " it is a pull request from a fork",
        "add id-token: write to the job's permissions",
    ),
    (
        "oidc-issuer",
        "expected a token from GitHub for audience {audience}, found {found}",
        "add id-token: write to the job's permissions",
    ),
    (
        "token-request",
        "expected a token of service account {account} in {namespace}, found {found}",
        "kubectl apply -k infra/kubeflow/eks-service-account",
    ),
    ("eks-cluster", "expected EKS cluster {cluster} to be readable, found {found}", TERRAFORM),
    (
        "port-forward",
        "expected a port forwarded to {service} in {namespace}, found {found}",
        "kubectl apply -k infra/kubeflow/eks-service-account",
    ),
    (
        "dex-login",
        "expected Dex to accept user {user}, found {found}",
        "gh secret set KUBEFLOW_PASSWORD --env <environment>",
    ),
)


if __name__ == "__main__":
    parser(__doc__).parse_args()
    print(table(REFUSALS))
