"""What a task may know of this machine: a task may be anybody's code, and a runner has secrets."""

import os
import re

# What a cluster gives by a Secret or workload identity, where stores and the cluster are and how they are
# reached, how many threads to use, and what programs need to start at all.
PASSED_ON = re.compile(
    r"AWS_\w+|MODEL_REGISTRY_URI|KUBECONFIG|SERVING_(ACCESS_KEY_ID|SECRET_ACCESS_KEY)"
    r"|(HTTPS?|ALL|NO|FTP)_PROXY|SSL_CERT_(FILE|DIR)|(REQUESTS|CURL)_CA_BUNDLE"
    r"|(OMP|OPENBLAS|MKL|NUMEXPR|BLIS)_\w+"
    r"|PATH|LD_LIBRARY_PATH|HOME|USER|LOGNAME|TMPDIR|TZ|LANG|LANGUAGE|LC_\w+|SYSTEMROOT",
    re.IGNORECASE,
)


def passed_on() -> dict[str, str]:
    """The variables of this process that its tasks get."""
    return {name: value for name, value in os.environ.items() if PASSED_ON.fullmatch(name)}
