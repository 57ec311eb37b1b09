"""What the installed atlas says of itself, read without loading its images."""

import json
from functools import cache
from importlib.resources import files


@cache
def atlas_version() -> str:
    """Version of the installed atlas, for the record in answers; its files are verified when they are loaded."""
    return str(json.loads((files("imaging") / "atlas" / "atlas.json").read_text(encoding="utf-8"))["version"])
