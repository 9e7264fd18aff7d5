"""The variables of this machine that processes may read: a task may be foreign code, a runner has secrets.

A task can also read what its parents were started with. So the server and the processes of runs are started
with no secret that tasks do not get.
"""

import os
import re
import sys

# Proxies and numbers of threads.
_ANYWHERE = r"(HTTPS?|ALL|NO|FTP)_PROXY|(OMP|OPENBLAS|MKL|NUMEXPR|BLIS)_\w+"
# What programs need to start at all, and certificates: paths of this machine.
_ORDINARY = (
    rf"{_ANYWHERE}|SSL_CERT_(FILE|DIR)|(REQUESTS|CURL)_CA_BUNDLE"
    r"|PATH|LD_LIBRARY_PATH|HOME|USER|LOGNAME|TMPDIR|TZ|LANG|LANGUAGE|LC_\w+|SYSTEMROOT"
)
# What a cluster provides by a Secret or workload identity, and addresses of stores and of the cluster.
_ACCESS = r"AWS_\w+|MODEL_REGISTRY_URI|KUBECONFIG|SERVING_(ACCESS_KEY_ID|SECRET_ACCESS_KEY)"
_INSTALLER = r"(UV|PIP)_\w+|XDG_\w+"
PASSED_ON = re.compile(f"{_ORDINARY}|{_ACCESS}", re.IGNORECASE)
IN_CONTAINERS = re.compile(f"{_ANYWHERE}|{_ACCESS}", re.IGNORECASE)
INSTALLER = re.compile(f"{_ORDINARY}|{_INSTALLER}", re.IGNORECASE)
SERVER = re.compile(
    f"{PASSED_ON.pattern}|{_INSTALLER}|PYTHON\\w*|DOCKER_(HOST|CERT_PATH|TLS_VERIFY)", re.IGNORECASE
)


def passed_on(names: re.Pattern[str] = PASSED_ON) -> dict[str, str]:
    """The variables of this process that its tasks inherit, or another kind of process, by `names`."""
    return {name: value for name, value in os.environ.items() if names.fullmatch(name)}


def drop_other_variables() -> None:
    """Start this program again if it has variables that the server does not need.

    Deleting them would leave them in /proc/<pid>/environ, which every process of this user may read.
    """
    kept = passed_on(SERVER)
    if kept != dict(os.environ):
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], kept)
