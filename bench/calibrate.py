"""Remake the simulated part of ``imaging/calibration.json``: what regions show with and without an infarct.

``python bench/calibrate.py`` reads simulated heads with infarcts of known depth, and fits the constants by which
``imaging.judging`` foretells side differences: the share of its own and of its neighbours' darkening that a region
shows, how that scatters, how far differences spread without any change, and what regions have in common. Every other
head has sides that differ more than those of the trial. Seeds are apart from those of the trial; real heads take no
part. ``--outcomes FILE`` keeps the readings as they come, and
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
from simulated_heads import draw_anatomy, draw_uneven_anatomy, simulated_host
from trial_cases import Outcome, outcome

from scoring.regions import Side

FILE = Path(__file__).resolve().parent.parent / "imaging" / "calibration.json"
FIRST_SEED = 700_000
"""Of the calibration's heads; the trial's lie elsewhere."""
FIRST_HEAD = 8
"""Those before served to try the kit."""
LEAST_HU, MOST_HU = 1.5, 8.0
"""Depths are drawn alike on a logarithmic scale: faint infarcts are the hard ones."""
OLD_EVERY = 3
"""So many heads share one old infarct; it takes no part in the fit, but the outcomes show what becomes of it."""


def drawn(rng: np.random.Generator, infarcts: int, first_seed: int, *, old: bool) -> Iterator[Change]:
    """One head's cases: unchanged, infarcts of any depth, white-matter disease, an old infarct if wished."""
    yield Change("none", None, frozenset(), 0.0, 1.0, first_seed)
    for n in range(infarcts):
        yield draw_infarct(rng, float(np.exp(rng.uniform(np.log(LEAST_HU), np.log(MOST_HU)))), first_seed + 10 + n)
    side = (Side.LEFT, Side.RIGHT)[int(rng.integers(2))]
    if old:
        yield Change("old infarct", side, frozenset(), 0.0, 1.0, first_seed + int(rng.integers(2, 6)))
    yield Change("white matter", None, frozenset(), rng.uniform(4, 8), 1.0, first_seed + 9)


def read_heads(heads: range, infarcts: int) -> Iterator[list[Outcome]]:
    """The readings of one head after the other."""
    for number in heads:
        host = simulated_host(FIRST_SEED + number, draw_uneven_anatomy if number % 2 else draw_anatomy)
        rng = np.random.default_rng([FIRST_SEED, number])
        cases = drawn(rng, infarcts, (FIRST_SEED + number) * 1000, old=number % OLD_EVERY == 0)
        yield [outcome(host, change) for change in cases]


def kept(file: Path | None) -> list[Outcome]:
    """The readings of an earlier run."""
    if file is None or not file.exists():
        return []
    return [Outcome(**json.loads(line)) for line in file.read_text(encoding="utf-8").splitlines()]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--heads", type=int, default=64, help="simulated heads (default %(default)s)")
    parser.add_argument("--infarcts", type=int, default=4, help="infarcts a head (default %(default)s)")
    parser.add_argument("--outcomes", type=Path, metavar="FILE", help="keep the readings here, or use those that are")
    options = parser.parse_args()
    scans = kept(options.outcomes)
    first = FIRST_HEAD + len({one.host for one in scans})
    for found in read_heads(range(first, FIRST_HEAD + options.heads), options.infarcts):
        scans += found
        print(f"{found[0].host}: {len(scans)} scans", file=sys.stderr, flush=True)
        if options.outcomes:
            with options.outcomes.open("a", encoding="utf-8") as file:
                file.writelines(json.dumps(one.to_json()) + "\n" for one in found)
    scored: Sequence[Outcome] = [one for one in scans if one.refusal is None and one.kind != "old infarct"]
    data = remade(json.loads(FILE.read_text(encoding="utf-8")), scored)
    FILE.write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
