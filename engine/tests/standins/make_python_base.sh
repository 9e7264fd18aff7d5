#!/usr/bin/env bash
# Writes to standard output, as a tar, a root file system that stands in for python:3.11-slim-bookworm: the same
# Debian with Debian's own Python 3.11, for machines where no image can be pulled.
set -euo pipefail

root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT

debootstrap --variant=minbase --include=python3,python3-pip,ca-certificates bookworm "$root" >&2
rm "$root/usr/lib/python3.11/EXTERNALLY-MANAGED" # in the real image pip may install, and so it must here
ln -s python3 "$root/usr/bin/python"
tar --directory "$root" --exclude './var/cache/apt/archives/*.deb' --exclude './var/lib/apt/lists/*' --create .
