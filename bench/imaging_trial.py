"""A trial of the scan reader in silico: heads get infarcts of known place and depth, then are read.

Infarcts go in before registration; old infarcts, symmetric white-matter disease and unchanged heads are the controls.
A naive rule reads the same scans. Heads are simulated; real ones that lie beside the checkout are used as well, with
infarcts drawn by a published atlas that is not the measuring one. What is shown holds for such infarcts, not for
patients: no scan labelled by readers takes part.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

from controls import bleeds_found, refusals
from real_heads import real_hosts
from scan_cost import measure
from scan_cost import table as cost_table
from simulated_heads import simulated_host
from trial_cases import Outcome, outcomes, peak_memory_mb
from trial_figures import figures, table

FIRST_SEED = 9000
"""Of the trial's heads and infarcts; the calibration's lie elsewhere."""
SAMPLE_SCAN = Path(__file__).resolve().parent.parent / "sample_data" / "head_ct_left_mca_dicom.zip"
BLEEDS_A_HEAD = 3
QUICK_HEADS, QUICK_ROUNDS = 3, 1
FULL_HEADS, FULL_ROUNDS = 8, 3


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python3 x.py trial", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--full", action="store_true", help="many scans (about half an hour), not a few minutes' worth")
    parser.add_argument("--heads", type=int, help="simulated heads (default 3, full 8)")
    parser.add_argument("--rounds", type=int, help="infarcts for each depth and head (default 1, full 3)")
    parser.add_argument("--simulated-only", action="store_true", help="leave out real heads beside the checkout")
    parser.add_argument("--no-controls", action="store_true", help="leave out unsuitable scans, bleeds and the cost")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write figures and every outcome there")
    options = parser.parse_args()
    heads = options.heads if options.heads is not None else FULL_HEADS if options.full else QUICK_HEADS
    rounds = options.rounds if options.rounds is not None else FULL_ROUNDS if options.full else QUICK_ROUNDS
    started = time.monotonic()
    groups = {"Simulated heads": _simulated(heads, rounds)}
    if not options.simulated_only:
        groups["Real heads"] = _real(rounds)
    found: dict[str, Any] = {name: figures(group) for name, group in groups.items() if group}
    for name, part in found.items():
        print(table(name, part), flush=True)
    if not options.no_controls:
        found["controls"] = _controls()
    found["peak_memory_mb"] = peak_memory_mb()
    print(f"{time.monotonic() - started:.0f} s in all, at most {found['peak_memory_mb']:.0f} MB.")
    if options.json:
        every = {name: [one.to_json() for one in group] for name, group in groups.items()}
        options.json.write_text(json.dumps({"figures": found, "outcomes": every}, indent=1) + "\n", encoding="utf-8")
    return 0


def _controls() -> dict[str, Any]:
    """Unsuitable scans, bleeds, and what one reading costs as a whole process; printed as they come."""
    host = simulated_host(FIRST_SEED)
    refused = refusals(host, FIRST_SEED)
    wrong = [name for name, right in refused.items() if not right]
    said = f"; not as expected: {', '.join(wrong)}" if wrong else ""
    print(f"Unsuitable scans refused with a fitting code: {len(refused) - len(wrong)} of {len(refused)}{said}.")
    bleeds: dict[float, list[bool]] = {}
    for one in (host, *real_hosts()):
        for ml, found in bleeds_found(one, BLEEDS_A_HEAD, FIRST_SEED).items():
            bleeds.setdefault(ml, []).extend(found)
    for ml, found in bleeds.items():
        print(f"Deep bleeds of {ml:g} ml at 60 HU that were suspected: {sum(found)} of {len(found)}.")
    cost = measure(SAMPLE_SCAN, 3)
    print(cost_table([cost]), flush=True)
    return {"refused": refused, "bleeds": {f"{ml:g} ml": found for ml, found in bleeds.items()}, "cost": cost}


def _simulated(heads: int, rounds: int) -> list[Outcome]:
    """One head at a time, so that memory holds one."""
    found: list[Outcome] = []
    for number in range(heads):
        found += outcomes([simulated_host(FIRST_SEED + number)], FIRST_SEED + number, rounds)
        print(f"simulated head {number + 1} of {heads} read", file=sys.stderr, flush=True)
    return found


def _real(rounds: int) -> list[Outcome]:
    hosts = real_hosts()
    if not hosts:
        print("No real heads beside the checkout: simulated heads only.", file=sys.stderr)
    return list(outcomes(hosts, FIRST_SEED, rounds))


if __name__ == "__main__":
    sys.exit(main())
