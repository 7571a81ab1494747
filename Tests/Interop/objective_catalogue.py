# SPDX-License-Identifier: Apache-2.0
"""What `prep objectives` lists, and what some of it needs on the command line."""

import json
import subprocess
from functools import cache

from conftest import binary


@cache
def objectives():
    """The catalogue, by name."""
    command = [str(binary()), "objectives", "--json"]
    listed = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    return {entry["name"]: entry for entry in listed}


def recipes():
    """Every objective with its defaults, and with each of its presets."""
    return [
        (name, preset)
        for name, entry in objectives().items()
        for preset in [None, *(preset["name"] for preset in entry["presets"])]
    ]


def named(recipe):
    return "-".join(part for part in recipe if part)


def options(name, preset=None, *settings):
    """Arguments of `prep build`."""
    found = ["--objective", name]
    if name == "mbart":
        # No tokenizer made here has a language token by itself; <unk> occurs in no text.
        settings = ("language_token=2", *settings)
    for setting in [*([f"preset={preset}"] if preset else []), *settings]:
        found += ["--set", setting]
    return found
