"""What commands say and how they end: data go to standard output, progress and logs to standard error."""

import sys
from typing import NoReturn

import typer

SOME_FAILED = 1
"""Exit code: some rows or scans failed, and are listed."""
UNUSABLE = 2
"""Exit code: the input or an option cannot be used."""


def say(text: str) -> None:
    """Tell the caller something that is no data."""
    print(text, file=sys.stderr)  # noqa: T201 -- this is where commands speak


def stop(text: str) -> NoReturn:
    """Say why the input cannot be used, in one line, and end."""
    say(f"aspects: {text}")
    raise typer.Exit(UNUSABLE)
