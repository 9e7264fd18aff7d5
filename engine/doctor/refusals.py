"""Print the table of everything that can be wrong with an installation, each with what repairs it."""

from engine.access.refusals import LET_IN, TERRAFORM, Diagnosis, filled, refusals
from engine.access.refusals import REFUSALS as OF_ACCESS
from engine.access.refusals import table as rendered
from engine.command_line import parser

SET_UP = "GITHUB_TOKEN=$(gh auth token) make set-up"

REFUSALS = OF_ACCESS | refusals(
    (
        "codeowners",
        "expected .github/CODEOWNERS to name your team, found @OWNER",
        SET_UP,
    ),
    (
        "environment",
        "expected the environment {environment} on GitHub, found none",
        SET_UP,
    ),
    (
        "variable",
        "expected the variable {variable} in the environment {environment}, found only {found}",
        "gh variable set {variable} --env {environment}",
    ),
    (
        "misspelt",
        "expected the variable {variable} in the environment {environment}, found the misspelt {found}",
        "gh variable set {variable} --env {environment}",
    ),
    (
        "secret",
        "expected the secret {secret} in the environment {environment}, whose variables need it, found none",
        "gh secret set {secret} --env {environment}",
    ),
    (
        "unprotected",
        "expected reviewers or a branch policy at the environment {environment}, found neither",
        SET_UP,
    ),
    (
        "ci-passed",
        "expected the branch {branch} to require the check ci-passed, found it optional",
        SET_UP,
    ),
    (
        "code-owner-review",
        "expected the branch {branch} to require a review by code owners, found none required",
        SET_UP,
    ),
    (
        "registry-login",
        "expected {registry} to accept these credentials, found {found}",
        "gh secret set DOCKERHUB_TOKEN --env images",
    ),
    (
        "registry-push",
        "expected the right to push to {registry}, found it denied",
        "docker login {host}",
    ),
    ("registry-silent", "expected an answer from {host}, found {found}", "docker pull {registry}"),
    (
        "store-uri",
        "expected {variable} as s3://bucket/folder or file:///folder, found '{found}'",
        "gh variable set {variable} --env <environment> --body s3://<bucket>/<folder>",
    ),
    (
        "store-credentials",
        "expected credentials for {uri}, found none",
        "gh variable set AWS_ROLE_ARN --env <environment>",
    ),
    (
        "store-key",
        "expected {uri} to know the access key, found InvalidAccessKeyId",
        "gh secret set AWS_ACCESS_KEY_ID --env <environment>",
    ),
    (
        "store-secret",
        "expected {uri} to accept the secret key, found SignatureDoesNotMatch",
        "gh secret set AWS_SECRET_ACCESS_KEY --env <environment>",
    ),
    (
        "store-expired",
        "expected a session of AWS that is valid for {uri}, found it expired",
        "aws sso login",
    ),
    (
        "store-bucket",
        "expected the bucket {bucket}, found none",
        "aws s3api create-bucket --bucket {bucket}",
    ),
    (
        "store-region",
        "expected the region of the bucket {bucket}, found another: it is in {region}",
        "gh variable set AWS_REGION --env <environment> --body {region}",
    ),
    ("store-write", "expected the right to write {uri}, found AccessDenied", TERRAFORM),
    ("store-read", "expected the right to read {uri}, found AccessDenied", TERRAFORM),
    (
        "store-conditional",
        "expected {uri} to refuse a conditional write that lost, found {found}: two promotions may both win",
        "kubectl --namespace kubeflow set image deployment/seaweedfs '*=chrislusf/seaweedfs:4.00'",
    ),
    (
        "store-clock",
        "expected the clocks here and at {uri} to agree, found {seconds} seconds between them",
        "sudo timedatectl set-ntp true",
    ),
    (
        "store-authority",
        "expected the certificate of {endpoint} from a known authority, found an unknown one",
        "export AWS_CA_BUNDLE=<the authority's certificates>.pem",
    ),
    (
        "store-silent",
        "expected an answer from {endpoint}, found none",
        "gh variable set AWS_ENDPOINT_URL --env <environment> --body https://<the store>",
    ),
    ("store", "expected {uri} to be written and read, found {found}", "aws s3 ls {uri}"),
    (
        "open-endpoint",
        "expected {host} to refuse requests without credentials, found that it answers everyone",
        LET_IN,
    ),
    (
        "default-login",
        "expected Dex to refuse the default user user@example.com, found that its password works",
        "kubectl --namespace auth edit secret dex-passwords",
    ),
    (
        "kserve",
        "expected KServe in the cluster, found no definition of InferenceService",
        "kubectl apply --server-side -f <kserve.yaml of the release>",
    ),
    (
        "kserve-canary",
        "expected KServe 0.20 for serving.canary.steps with mode standard, found {found}",
        "kubectl apply --server-side -f <kserve.yaml of release 0.20>",
    ),
    (
        "cluster",
        "expected the cluster to answer, found {found}",
        "aws eks update-kubeconfig --name <cluster>",
    ),
    (
        "pod-security",
        "expected pods of Kubeflow Pipelines {version} to be admitted in {namespace}, found Pod Security"
        " restricted there",
        "kubectl label namespace {namespace} pod-security.kubernetes.io/enforce=baseline --overwrite",
    ),
    (
        "quota",
        "expected room for {wanted} of {resource} in {namespace}, found {free}",
        "kubectl --namespace {namespace} edit resourcequota {quota}",
    ),
    (
        "store-secret-absent",
        "expected the Secret {secret} in {namespace}, found none: tasks have no keys of the store",
        "kubectl apply -k infra/kubeflow/store-secret",
    ),
    (
        "canary",
        "expected a run of one step to succeed, found {state}: {found}",
        "kubectl --namespace {namespace} get events --sort-by=.lastTimestamp",
    ),
    (
        "canary-artifact",
        "expected what the run wrote at {uri}, found nothing there",
        "kubectl apply -k infra/kubeflow/store-secret",
    ),
)


def diagnose(name: str, **facts: object) -> Diagnosis:
    return filled(REFUSALS[name], facts)


def table() -> str:
    return rendered(REFUSALS)


if __name__ == "__main__":
    parser(__doc__).parse_args()
    print(table())
