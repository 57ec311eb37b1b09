"""How much motion is seen: still heads, heads that jump between two slices, heads that move while they are scanned.

    python bench/motion_trial.py [--heads 4] [--draws 3] [--seed 1]

Only the first look at a scan is taken, in which motion is measured; real heads beside the checkout take part.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

import numpy as np
from motion import with_step, with_streaks
from real_heads import real_hosts
from simulated_heads import simulated_host, with_noise

from imaging.motion import Motion
from imaging.reading import search
from imaging.refusals import ScanRefused
from imaging.volume import CtVolume

FIRST_SEED = 9600
MOVED_LENGTH_MM = 15.0
Change = Callable[[CtVolume, np.random.Generator], CtVolume]
CASES: dict[str, Change] = {
    "still": lambda scan, _: scan,
    "jump of 4 mm": lambda scan, rng: with_step(scan, 4.0, 0.0, rng),
    "jump of 8 mm": lambda scan, rng: with_step(scan, 8.0, 0.0, rng),
    "jump of 12 mm": lambda scan, rng: with_step(scan, 12.0, 0.0, rng),
    "turn of 8 degrees": lambda scan, rng: with_step(scan, 0.0, 8.0, rng),
    "turn of 12 degrees": lambda scan, rng: with_step(scan, 0.0, 12.0, rng),
    "moving by about 1 mm": lambda scan, rng: with_streaks(scan, 1.0, MOVED_LENGTH_MM, rng),
    "moving by about 2 mm": lambda scan, rng: with_streaks(scan, 2.0, MOVED_LENGTH_MM, rng),
    "moving by about 4 mm": lambda scan, rng: with_streaks(scan, 4.0, MOVED_LENGTH_MM, rng),
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--heads", type=int, default=4, help="simulated heads (default 4)")
    parser.add_argument("--draws", type=int, default=3, help="of each change and head (default 3)")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    hosts = [simulated_host(FIRST_SEED + n) for n in range(options.heads)] + real_hosts()
    scans = [with_noise(host.volume, host.noise_hu, rng) for host in hosts]
    print(f"{len(hosts)} heads, medians and extremes")
    print(f"{'':<22}{'scans':>6}  {'streaks HU':<15}  {'step mm':<15}  {'turn degrees':<15}  suspected  refused")
    for name, change in CASES.items():
        draws = 1 if name == "still" else options.draws
        seen = [_motion(change(scan, rng)) for scan in scans for _ in range(draws)]
        print(_line(name, [one for one in seen if one is not None], len(seen)), flush=True)
    return 0


def _motion(scan: CtVolume) -> Motion | None:
    """``None``: refused for another reason at the first look."""
    try:
        return search(scan).motion
    except ScanRefused:
        return None


def _line(name: str, seen: list[Motion], scans: int) -> str:
    def spread(values: list[float]) -> str:
        return f"{np.median(values):4.1f} {min(values):4.1f}-{max(values):4.1f} "

    measures = [[one.streaks_hu for one in seen], [one.step_mm for one in seen], [one.turn_degrees for one in seen]]
    refused = sum(one.is_severe for one in seen) + scans - len(seen)
    suspected = sum(one.is_suspected for one in seen) + scans - len(seen)
    return f"{name:<22}{scans:>6}  {'  '.join(spread(values) for values in measures)}  {suspected:>9}  {refused:>7}"


if __name__ == "__main__":
    sys.exit(main())
