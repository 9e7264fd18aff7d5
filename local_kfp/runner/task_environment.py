"""The variables of this machine that a task may read: a task may be foreign code, a runner has secrets."""

import os
import re

# What a cluster provides by a Secret or workload identity, addresses of stores and of the cluster, proxies,
# certificates, numbers of threads, and what programs need to start at all.
PASSED_ON = re.compile(
    r"AWS_\w+|MODEL_REGISTRY_URI|KUBECONFIG|SERVING_(ACCESS_KEY_ID|SECRET_ACCESS_KEY)"
    r"|(HTTPS?|ALL|NO|FTP)_PROXY|SSL_CERT_(FILE|DIR)|(REQUESTS|CURL)_CA_BUNDLE"
    r"|(OMP|OPENBLAS|MKL|NUMEXPR|BLIS)_\w+"
    r"|PATH|LD_LIBRARY_PATH|HOME|USER|LOGNAME|TMPDIR|TZ|LANG|LANGUAGE|LC_\w+|SYSTEMROOT",
    re.IGNORECASE,
)


def passed_on() -> dict[str, str]:
    """The variables of this process that its tasks inherit."""
    return {name: value for name, value in os.environ.items() if PASSED_ON.fullmatch(name)}
