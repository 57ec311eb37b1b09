"""Why an object was not taken, or was put aside: codes for programs, sentences for people, no values of files."""

from enum import StrEnum


class Aside(StrEnum):
    """Reasons; the names are part of what `GET /v1/studies` answers."""

    NOT_DICOM = "NOT_DICOM"
    DAMAGED = "DAMAGED"
    BAD_UID = "BAD_UID"
    DEFLATED = "DEFLATED"
    DIRECTORY = "DIRECTORY"
    TOO_LARGE = "TOO_LARGE"
    OTHER_STUDY = "OTHER_STUDY"
    NOT_AS_ANNOUNCED = "NOT_AS_ANNOUNCED"
    NOT_CT = "NOT_CT"
    NOT_A_SLICE = "NOT_A_SLICE"
    NOT_DECODABLE = "NOT_DECODABLE"
    REPLACED = "REPLACED"


SENTENCES = {
    Aside.NOT_DICOM: "The file is no DICOM file.",
    Aside.DAMAGED: "The object cannot be read.",
    Aside.BAD_UID: "An identifier of the object is missing or is no UID.",
    Aside.DEFLATED: "Deflated objects are not taken: they may unpack without end.",
    Aside.DIRECTORY: "A DICOMDIR is no object.",
    Aside.TOO_LARGE: "The object is larger than what is taken in.",
    Aside.OTHER_STUDY: "The object belongs to another study than the one it was sent to.",
    Aside.NOT_AS_ANNOUNCED: "The object is not the one that its sender announced.",
    Aside.NOT_CT: "The object is no CT image.",
    Aside.NOT_A_SLICE: "The CT object is an overview, a picture or a map, no measured slice.",
    Aside.NOT_DECODABLE: "The object is stored in a way that is not read here.",
    Aside.REPLACED: "The same object came again with other content, which counts now.",
}


class NotTaken(Exception):
    """The object cannot be used."""

    def __init__(self, reason: Aside) -> None:
        super().__init__(SENTENCES[reason])
        self.reason = reason
