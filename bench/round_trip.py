"""How long a study of 140 slices takes from the first C-STORE to its report in a picture archive (Orthanc).

Run as ``python bench/round_trip.py [STUDIES]`` on a quiet machine with Orthanc and DCMTK. The service is set up as in
docs/integration.md, with the quiet time that is its default. It ends with 1 if a study takes 20 s or more beyond its
reading.
"""

import io
import json
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[1] / "sample_data"))

from make_scans import TILTED
from phantom import build
from scanner import scan
from write_dicom import dicom_zip

from app.settings.settings import Settings
from tests.peers.test_integration_page import STORESCU, Site, site, until

_SLICES = 140
_MOST_SECONDS = 20.0


def main() -> int:
    """One study after the other, each of another noise and so of other identifiers."""
    studies = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    head = build(infarct=True)
    found = []
    with tempfile.TemporaryDirectory(prefix="round-trip-") as name:
        folder = Path(name)
        for number in range(studies):
            like = replace(TILTED, slices=_SLICES, thickness_mm=1.1, noise_seed=number)
            with zipfile.ZipFile(io.BytesIO(dicom_zip(scan(head, like), like))) as archive:
                archive.extractall(folder / f"scan-{number}")
        quiet_seconds = float(Settings.model_fields["dicom_quiet_seconds"].default)
        with site(folder, quiet_seconds) as made:
            until(made.is_ready, made, "service and listener are ready")
            for number in range(studies):
                found.append(measured(made, folder / f"scan-{number}", number + 1))
                print(", ".join(f"{what} {seconds:.1f} s" for what, seconds in found[-1].items()), flush=True)
    beyond = [one["beyond reading"] for one in found]
    print(f"beyond reading: median {statistics.median(beyond):.1f} s, at most {max(beyond):.1f} s")
    return 0 if max(beyond) < _MOST_SECONDS else 1


def measured(made: Site, scan: Path, reports: int) -> dict[str, float]:
    """Send a study, wait until the archive has so many reports, and tell where the time went."""
    words = ["-aet", "ORTHANC", "-aec", "ASPECTS", "+sd", "+r", "127.0.0.1", str(made.ports[11112]), str(scan)]
    began = time.monotonic()
    subprocess.run([STORESCU, *words], check=True)
    sent = time.monotonic()
    until(lambda: len(made.objects().get("SR", ())) == reports, made, "the report is in the archive")
    whole = time.monotonic() - began
    study = json.loads(made.aspects("dicom", "list", "--json"))["studies"][0]["study_uid"]
    with made.client(f"bench-{reports}") as client:
        reading = client.get(f"/v1/studies/{study}").json()["answer"]["reading"]
    if reading["status"] != "scored":
        sys.exit(f"The study was not scored ({reading['refusal']['code']}): the machine is too slow or too busy.")
    read = sum(reading["timing_seconds"].values())
    return {"C-STORE": sent - began, "reading": read, "whole": whole, "beyond reading": whole - read}


if __name__ == "__main__":
    sys.exit(main())
