"""Make ``cases.csv`` from the cases: one row a case, one column a fact, the ten regions as columns ``C`` to ``M6``.

An empty cell means not known. NIHSS items and posterior regions have no columns: the first case of each kind is left
out, the second gives its pc-ASPECTS. Sites are left out too.
"""

import csv
import io
import json
import sys
from pathlib import Path
from typing import Any

from scoring.facts import FACTS
from scoring.pc_aspects import PosteriorFindings, score_pc_aspects
from scoring.regions import PosteriorRegion, Region, Status

HERE = Path(__file__).resolve().parent
TABLE = HERE / "cases.csv"


def rows() -> list[dict[str, Any]]:
    """The cases that fit into a table."""
    cases = [json.loads(path.read_text(encoding="utf-8")) for path in sorted((HERE / "cases").glob("*.json"))]
    return [_row(case) for case in cases if "nihss_items" not in case["facts"]]


def table(rows: list[dict[str, Any]]) -> str:
    """CSV text with the columns that any row uses, in the order of the facts."""
    order = ["case_id", "evaluated_at", *FACTS, *(region.value for region in Region)]
    text = io.StringIO()
    writer = csv.DictWriter(text, [name for name in order if any(name in row for row in rows)], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _row(case: dict[str, Any]) -> dict[str, Any]:
    row = {"case_id": case["case_id"], "evaluated_at": case["evaluated_at"], **case["facts"]}
    row |= case.get("findings", {}).get("regions", {})
    if "posterior_findings" in case:
        statuses = case["posterior_findings"]["regions"].items()
        findings = PosteriorFindings({PosteriorRegion(part): Status(status) for part, status in statuses})
        row["pc_aspects_total"] = score_pc_aspects(findings).total
    return {name: str(value).lower() if isinstance(value, bool) else value for name, value in row.items()}


if __name__ == "__main__":
    TABLE.write_text(table(rows()), encoding="utf-8")
    sys.exit(0)
