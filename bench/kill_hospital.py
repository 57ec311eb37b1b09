"""Kills web server, worker and database under load, again and again, and tells what of the accepted work was lost.

Run as ``python bench/kill_hospital.py [KILLS] [sqlite|postgresql]`` (default: 100 on each). A stand-in of the tests
reads the scans. It ends with 1 if anything was lost or the record is not whole.
"""

import argparse
import json
import signal
import sys
import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.peers.killing import killed
from tests.peers.postgresql import Postgresql, running_postgresql

_KILLS = 100
_DATABASES: dict[str, Callable[[], AbstractContextManager[Postgresql | None]]] = {
    "sqlite": nullcontext,
    "postgresql": running_postgresql,
}


def main() -> int:
    """One database after the other."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kills", type=int, nargs="?", default=_KILLS)
    parser.add_argument("database", nargs="*", choices=list(_DATABASES), default=list(_DATABASES))
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that what it started ends with it
    is_whole = True
    for name in options.database:
        with _DATABASES[name]() as server, tempfile.TemporaryDirectory(prefix="kill-hospital-") as folder:
            outcome = killed(Path(folder), options.kills, server)
        print(f"{name}: {json.dumps(asdict(outcome), default=str)}", flush=True)
        is_whole &= outcome.is_whole
    return 0 if is_whole else 1


if __name__ == "__main__":
    sys.exit(main())
