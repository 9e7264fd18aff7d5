"""The container of a component, derived from its interface."""

from collections.abc import Mapping
from typing import Any

from kfp import dsl


def container(command: str, parameters: Mapping[str, Any], **placeholders: str) -> dsl.ContainerSpec:
    """Run `command`, a component and perhaps a subcommand ("list_shards load"), an option for each value.

    `parameters` are the `locals()` of a container component: as_of is passed as --as-of, an artifact as its
    path. `placeholders` are further options, which the platform fills in.
    """
    component, *subcommand = command.split()
    args = []
    for name, value in {**parameters, **placeholders}.items():
        args += [f"--{name.replace('_', '-')}", getattr(value, "path", value)]
    return dsl.ContainerSpec(
        image=component, command=["python", "-m", f"components.{component}.main", *subcommand], args=args
    )
