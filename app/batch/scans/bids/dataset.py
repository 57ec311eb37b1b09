"""A BIDS data set: its participants, and the CT images that it holds of them."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.batch.faults import TableUnusable
from app.batch.scans.folder import ScanEntry
from imaging.refusals import RefusalCode

DESCRIPTION = "dataset_description.json"
_FOLDERS = ("ct", "anat")
"""CT is no datatype of the standard yet: images are found in ``ct``, and where older data sets have put them."""
_IMAGE = re.compile(r"(?P<stem>sub-[0-9A-Za-z]+(_[0-9a-z]+-[0-9A-Za-z]+)*)_(ct|CT)\.nii(\.gz)?")
_CONTRAST_KEYS = ("ContrastBolusIngredient", "ContrastBolusAgent")


@dataclass(frozen=True, slots=True)
class Image:
    """One CT image of a data set."""

    entry: ScanEntry
    """Named by its path in the data set."""
    participant: str
    """Label without ``sub-``."""
    session: str | None
    """Label without ``ses-``."""
    stem: str
    """Name without suffix and extension: the entities, such as ``sub-01_ses-1_run-2``."""

    @property
    def folder(self) -> Path:
        """Where results of it belong, below the folder of results: where it is in the data set."""
        return Path(self.entry.name).parent

    def refusal(self) -> RefusalCode | None:
        """Why the data set itself says that the image is not one to read."""
        enhanced = "_ce-" in f"_{self.stem}" or any(_sidecar(self.entry.files[0]).get(key) for key in _CONTRAST_KEYS)
        return RefusalCode.CONTRAST_ENHANCED if enhanced else None


def read_description(dataset: Path, *, skip_validation: bool) -> dict[str, Any]:
    """The data set's description; empty where it may be missing and is.

    Raises
    ------
    TableUnusable
        There is no such folder, or its description does not name the data set and the version of BIDS.
    """
    if not dataset.is_dir():
        raise TableUnusable(f"{dataset}: not a folder.")
    found = _json(dataset / DESCRIPTION)
    if not skip_validation and not all(isinstance(found.get(key), str) for key in ("Name", "BIDSVersion")):
        raise TableUnusable(
            f"{dataset}: no BIDS data set, for its {DESCRIPTION} does not give Name and BIDSVersion;"
            " --skip-bids-validation reads it all the same."
        )
    return found


def find_images(dataset: Path, participants: Sequence[str] = (), sessions: Sequence[str] = ()) -> list[Image]:
    """List the CT images, of these participants and sessions where any are named, in the order of their paths.

    Raises
    ------
    TableUnusable
        A participant is not in the data set, no image is found, or two of them have one name.
    """
    labels = {path.name.removeprefix("sub-") for path in dataset.glob("sub-*") if path.is_dir()}
    if unknown := sorted(set(participants) - labels):
        raise TableUnusable(f"{dataset}: no participant {', '.join(unknown)}.")
    images = [
        image
        for label in sorted(participants or labels)
        for path in sorted((dataset / f"sub-{label}").rglob("*.nii*"))
        if (image := _image(dataset, label, path)) is not None
    ]
    if sessions:
        images = [image for image in images if image.session in sessions]
    if not images:
        raise TableUnusable(f"{dataset}: no CT image (sub-*/[ses-*/]ct/*_ct.nii.gz) was found.")
    places = [(image.folder, image.stem) for image in images]
    if len(set(places)) < len(places):
        raise TableUnusable(f"{dataset}: two images have the same entities; BIDS wants names that differ.")
    return images


def _image(dataset: Path, participant: str, path: Path) -> Image | None:
    name = path.relative_to(dataset)
    *_, folder, _file = name.parts
    match = _IMAGE.fullmatch(path.name)
    if match is None or folder not in _FOLDERS or not path.is_file():
        return None
    session = next((part.removeprefix("ses-") for part in name.parts if part.startswith("ses-")), None)
    return Image(ScanEntry(name.as_posix(), (path,), is_folder=False), participant, session, match["stem"])


def _sidecar(path: Path) -> dict[str, Any]:
    return _json(path.with_name(path.name.removesuffix(".gz").removesuffix(".nii") + ".json"))


def _json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
