"""Codes in the objects that are written: SNOMED CT, DICOM and UCUM where they have one, a scheme of our own elsewhere.

The ASPECTS score has SNOMED CT codes; its ten regions have none that name the scored region (M1 of ASPECTS is not the
artery segment M1), so each region always carries its own code beside the anatomical one.
"""

from typing import Final

from pydicom.dataset import Dataset
from pydicom.sr.coding import Code

from scoring.regions import Region, Side, Status

SCHEME: Final = "99ASPCTS"
_SCT: Final = "SCT"
_DCM: Final = "DCM"
_UCUM: Final = "UCUM"

ASPECTS_SCORE: Final = Code("1290002002", _SCT, "Alberta Stroke Program Early CT score")
ASPECTS_ASSESSMENT: Final = Code("1290003007", _SCT, "Assessment using ASPECTS")
CT_OF_HEAD: Final = Code("303653007", _SCT, "Computed tomography of head")
BRAIN: Final = Code("12738006", _SCT, "Brain")
HEMISPHERE: Final = Code("372073000", _SCT, "Cerebral hemisphere")
BODY_STRUCTURE: Final = Code("123037004", _SCT, "Anatomical Structure")

REPORT_TITLE: Final = Code("126000", _DCM, "Imaging Measurement Report")
PROBABILITY: Final = Code("122157", _DCM, "Probability")
ATTENUATION: Final = Code("112031", _DCM, "Attenuation Coefficient")
COMMENT: Final = Code("121106", _DCM, "Comment")
ALGORITHM_FAMILY: Final = Code("123111", _DCM, "Deformable Models")
"""CID 7162: the segments are an atlas fitted to the head."""
DIAGNOSTIC_IMAGING_STUDY: Final = Code("18748-4", "LN", "Diagnostic imaging study")

NO_UNITS: Final = Code("1", _UCUM, "no units")
SCORE_UNITS: Final = Code("{score}", _UCUM, "score")
HOUNSFIELD_UNITS: Final = Code("[hnsf'U]", _UCUM, "Hounsfield unit")

ACUTE_CHANGE: Final = Code("EIC", SCHEME, "Acute ischaemic change")
SIDE_DIFFERENCE: Final = Code("HU-DIFFERENCE", SCHEME, "Density, this side minus the mirrored region")
LOWEST_TOTAL: Final = Code("ASPECTS-LOW", SCHEME, "Lowest ASPECTS in the interval")
HIGHEST_TOTAL: Final = Code("ASPECTS-HIGH", SCHEME, "Highest ASPECTS in the interval")
READING_STATUS: Final = Code("READING-STATUS", SCHEME, "Status of the automatic reading")
SCORED: Final = Code("SCORED", SCHEME, "Scored")
REFUSED: Final = Code("REFUSED", SCHEME, "Refused: no score")
REFUSAL_REASON: Final = Code("REFUSAL-REASON", SCHEME, "Why the scan was refused")

PRESENCE: Final = {
    Status.AFFECTED: Code("52101004", _SCT, "Present"),
    Status.UNAFFECTED: Code("2667000", _SCT, "Absent"),
    Status.NOT_ASSESSABLE: Code("373068000", _SCT, "Undetermined"),
}
LATERALITY: Final = {Side.LEFT: Code("7771000", _SCT, "Left"), Side.RIGHT: Code("24028007", _SCT, "Right")}

REGION: Final = {
    region: Code(f"ASPECTS-{region.value}", SCHEME, f"ASPECTS {region.value}, {region.label}") for region in Region
}
"""What every region carries, whatever else it carries."""
_CORTEX: Final = Code("40146001", _SCT, "Cerebral cortex")
ANATOMY: Final = {
    Region.C: (Code("11000004", _SCT, "Caudate nucleus"),),
    Region.L: (Code("89278009", _SCT, "Putamen"), Code("14738005", _SCT, "Globus pallidus")),
    Region.IC: (Code("85637007", _SCT, "Internal capsule"),),
    Region.I: (Code("36169008", _SCT, "Insula"),),
    **dict.fromkeys((Region.M1, Region.M2, Region.M3, Region.M4, Region.M5, Region.M6), (_CORTEX,)),
}
"""Standard anatomy that a region consists of or lies in; the lentiform nucleus has no code in DICOM, its parts have."""


def scheme_identification(version: str) -> Dataset:
    """An item of the Coding Scheme Identification Sequence (PS3.3 C.12.1) that says whose the private codes are."""
    item = Dataset()
    item.CodingSchemeDesignator = SCHEME
    item.CodingSchemeName = "ASPECTS triage codes"
    item.CodingSchemeVersion = version
    item.CodingSchemeResponsibleOrganization = "The ASPECTS triage project"
    return item


def refusal_code(name: str) -> Code:
    """The code of a refusal: its public name, such as ``NOT_A_HEAD``."""
    return Code(name, SCHEME, name.replace("_", " ").capitalize())
