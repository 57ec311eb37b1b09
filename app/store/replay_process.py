"""Judges one kept case beside kept rule files; `app.store.replay` starts it in a folder with a `scoring` of its own.

The folder comes first on the path, so this program's rules of judging read the kept files where they expect their own.
"""

import sys

from pydantic_core import to_json

from app.store.judged_case import UnreadableCase, read_judged_case
from scoring.errors import CaseError


def main() -> None:
    """Read a `JudgedCase` from standard input and print the answer."""
    try:
        answer = read_judged_case(sys.stdin.buffer.read()).judge()
    except CaseError as error:
        answer = {"refused": error.message}
    except UnreadableCase as error:
        answer = {"refused": str(error)}
    sys.stdout.buffer.write(to_json(answer))


if __name__ == "__main__":
    main()
