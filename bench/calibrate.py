"""Remake the simulated part of ``imaging/calibration.json``: what regions show with and without an infarct.

``python bench/calibrate.py`` reads simulated heads with infarcts of known depth, and fits the constants by which
``imaging.judging`` foretells side differences: the share of its own and of its neighbours' darkening that a region
shows, how that scatters, how far differences spread without any change, and what the drift correction leaves. Seeds
are apart from those of the trial; real heads take no part. ``--outcomes FILE`` keeps the readings as they come, and
carries on after those that are there.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from calibration_fit import remade
from implants import Change, draw_infarct
from simulated_heads import simulated_host
from trial_cases import Outcome, outcome

FILE = Path(__file__).resolve().parent.parent / "imaging" / "calibration.json"
FIRST_SEED = 500_000
"""Of the calibration's heads; the trial's lie elsewhere."""
LEAST_HU, MOST_HU = 2.0, 8.0


def drawn(rng: np.random.Generator, infarcts: int, first_seed: int) -> Iterator[Change]:
    """One head's cases: unchanged twice, with other noise; infarcts of any depth; white-matter disease."""
    yield from (Change("none", None, frozenset(), 0.0, 1.0, first_seed + n) for n in range(2))
    for n in range(infarcts):
        yield draw_infarct(rng, rng.uniform(LEAST_HU, MOST_HU), first_seed + 10 + n)
    yield Change("white matter", None, frozenset(), rng.uniform(4, 8), 1.0, first_seed + 9)


def read_heads(heads: range, infarcts: int) -> Iterator[list[Outcome]]:
    """The readings of one head after the other."""
    for number in heads:
        host, rng = simulated_host(FIRST_SEED + number), np.random.default_rng([FIRST_SEED, number])
        yield [outcome(host, change) for change in drawn(rng, infarcts, (FIRST_SEED + number) * 1000)]


def kept(file: Path | None) -> list[Outcome]:
    """The readings of an earlier run."""
    if file is None or not file.exists():
        return []
    return [Outcome(**json.loads(line)) for line in file.read_text(encoding="utf-8").splitlines()]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--heads", type=int, default=12, help="simulated heads (default %(default)s)")
    parser.add_argument("--infarcts", type=int, default=6, help="infarcts a head (default %(default)s)")
    parser.add_argument("--outcomes", type=Path, metavar="FILE", help="keep the readings here, or use those that are")
    options = parser.parse_args()
    scans = kept(options.outcomes)
    for found in read_heads(range(len({one.host for one in scans}), options.heads), options.infarcts):
        scans += found
        print(f"{found[0].host}: {len(scans)} scans", file=sys.stderr, flush=True)
        if options.outcomes:
            with options.outcomes.open("a", encoding="utf-8") as file:
                file.writelines(json.dumps(one.to_json()) + "\n" for one in found)
    scored: Sequence[Outcome] = [one for one in scans if one.refusal is None]
    data = remade(json.loads(FILE.read_text(encoding="utf-8")), scored)
    FILE.write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
