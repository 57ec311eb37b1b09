"""What the outputs of a revision are called: preliminary until a clinician signs, final then, corrected after that."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """The standing of a revision, in the words that DICOM, FHIR and HL7 share."""

    PRELIMINARY = "preliminary"
    """The latest, and nobody has signed it."""
    FINAL = "final"
    """The first that was signed, and the last."""
    CORRECTED = "corrected"
    """The last that was signed; an earlier one had been signed before."""
    SUPERSEDED = "superseded"
    """A later one has taken its place."""


@dataclass(frozen=True, slots=True)
class Standing:
    """The status of a revision, and the revisions before and after it."""

    status: Status
    supersedes: int | None
    """The signed revision that this one corrects."""
    superseded_by: int | None


def standings(latest: int, signed: Collection[int]) -> Mapping[int, Standing]:
    """The standing of every revision of a case, from 1 to ``latest``; ``signed`` are those with a signature.

    >>> [str(standing.status) for standing in standings(3, {1, 3}).values()]
    ['superseded', 'superseded', 'corrected']
    >>> [str(standing.status) for standing in standings(2, {1}).values()]
    ['final', 'preliminary']
    """
    return {revision: _standing(revision, latest, signed) for revision in range(1, latest + 1)}


def _standing(revision: int, latest: int, signed: Collection[int]) -> Standing:
    if revision not in signed:
        status = Status.PRELIMINARY if revision == latest else Status.SUPERSEDED
        return Standing(status, None, None if revision == latest else revision + 1)
    before = max((number for number in signed if number < revision), default=None)
    after = min((number for number in signed if number > revision), default=None)
    if after is not None:
        return Standing(Status.SUPERSEDED, before, after)
    return Standing(Status.FINAL if before is None else Status.CORRECTED, before, None)
