"""Draws requests to every address of a hospital's service and tells how they were answered.

Run as ``python bench/fuzz_api.py [REQUESTS]`` (default: 10,000 in all). It ends with 1 if anything was wrong.
"""

import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.app.hospital_api import HospitalApi, hospital_api

_REQUESTS = 10_000


def main() -> int:
    """Ask each address as often as the others."""
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else _REQUESTS
    begun_s, statuses, wrong = time.monotonic(), Counter[int](), set[str]()
    with tempfile.TemporaryDirectory(prefix="fuzz-api-") as name:
        api = hospital_api(Path(name))
        asked = list(api.operations)
        while asked and statuses.total() < wanted:
            each = -(-(wanted - statuses.total()) // len(asked))
            for operation in list(asked):
                answered = _answered(api, operation, each)
                if answered is None:
                    wrong.add(operation)
                if answered is None or answered.total() < each:
                    asked.remove(operation)  # there is something wrong, or nothing else to draw
                statuses += answered or Counter()
    print(
        f"{statuses.total()} requests to {len(api.operations)} addresses in {time.monotonic() - begun_s:.0f} s: ",
        end="",
    )
    print(f"{_told(statuses)}; {len(wrong)} addresses with a fault")
    return 1 if wrong else 0


def _answered(api: HospitalApi, operation: str, requests: int) -> Counter[int] | None:
    try:
        answered = api.ask(operation, requests)
    except (Exception, BaseExceptionGroup) as error:  # noqa: BLE001 -- every address is asked, whatever one of them does
        print(f"{operation}: {error}", flush=True)
        return None
    print(f"{operation}: {_told(answered)}", flush=True)
    return answered


def _told(statuses: Counter[int]) -> str:
    return ", ".join(f"{number} x {status}" for status, number in sorted(statuses.items()))


if __name__ == "__main__":
    sys.exit(main())
