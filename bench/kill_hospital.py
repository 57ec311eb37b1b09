"""Kills web server, worker and database under load, again and again, and tells what of the accepted work was lost.

Run as ``python bench/kill_hospital.py [KILLS]`` (default: 100 on SQLite, then 100 on PostgreSQL). A stand-in of the
tests reads the scans. It ends with 1 if anything was lost or the record is not whole.
"""

import json
import sys
import tempfile
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.peers.killing import killed
from tests.peers.postgresql import running_postgresql

_KILLS = 100


def main() -> int:
    """Both databases in turn."""
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else _KILLS
    is_whole = True
    for name, made in (("SQLite", nullcontext()), ("PostgreSQL", running_postgresql())):
        with made as server, tempfile.TemporaryDirectory(prefix="kill-hospital-") as folder:
            outcome = killed(Path(folder), kills, server)
        print(f"{name}: {json.dumps(asdict(outcome), default=str)}", flush=True)
        is_whole &= outcome.is_whole
    return 0 if is_whole else 1


if __name__ == "__main__":
    sys.exit(main())
