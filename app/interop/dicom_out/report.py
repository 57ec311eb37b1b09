"""The reading as a measurement report: Comprehensive 3D SR (TID 1500), a group for the total and each region."""

from collections.abc import Sequence

import numpy as np
from highdicom.sr import (
    AlgorithmIdentification,
    CodedConcept,
    Comprehensive3DSR,
    DeviceObserverIdentifyingAttributes,
    FindingSite,
    LanguageOfContentItemAndDescendants,
    Measurement,
    MeasurementReport,
    MeasurementsAndQualitativeEvaluations,
    ObservationContext,
    ObserverContext,
    PersonObserverIdentifyingAttributes,
    QualitativeEvaluation,
    RelationshipTypeValues,
    SourceImageForMeasurementGroup,
    TextContentItem,
    TrackingIdentifier,
)
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes as standard
from pydicom.sr.coding import Code

from app.interop.dicom_out import codes
from app.interop.dicom_out.clinicians_reading import differences
from app.interop.dicom_out.contents import NOT_FOR_CLINICAL_USE, Content, Json, SignOff, region_values
from app.interop.dicom_out.identity import DEVICE_NAME, DEVICE_UID, MANUFACTURER, MODEL, VERSION, Kind
from app.interop.dicom_out.sources import SourceFrame, Sources
from app.interop.dicom_out.stamp import Making, dicom_datetime, stamp
from scoring.regions import Region, Side

_ENGLISH = Code("en", "RFC5646", "English")


def measurement_report(content: Content, sources: Sources, making: Making) -> Dataset:
    """Make the report; a refused scan's says why there is no number and what to do."""
    groups = _scored_groups(content, sources, making) if content.is_scored else [_refusal_group(content, making)]
    report = MeasurementReport(
        observation_context=_observer(content),
        procedure_reported=[codes.ASPECTS_ASSESSMENT, codes.CT_OF_HEAD],
        imaging_measurements=groups,
        title=codes.REPORT_TITLE,
        language_of_content_item_and_descendants=LanguageOfContentItemAndDescendants(CodedConcept(*_ENGLISH[:3])),
    )
    for text in _comments(content):
        report[0].ContentSequence.append(_comment(text))
    sign_off = content.sign_off
    document = Comprehensive3DSR(
        evidence=sources.instances,
        content=report,
        series_instance_uid=making.identity.series(Kind.REPORT),
        series_number=Kind.REPORT.series_number,
        sop_instance_uid=making.identity.instance(Kind.REPORT),
        instance_number=making.instance_number,
        manufacturer=MANUFACTURER,
        is_complete=True,
        is_final=sign_off is not None,
        is_verified=sign_off is not None,
        verifying_observer_name=sign_off.name if sign_off else None,
        verifying_organization=sign_off.organisation if sign_off else None,
        previous_versions=_before(content),
    )
    if sign_off is not None:
        _date_verification(document, sign_off)
    return stamp(document, making, Kind.REPORT)


def _before(content: Content) -> list[Dataset] | None:
    """What highdicom wants to know of the document that this one replaces."""
    if content.predecessor is None:
        return None
    before = Dataset()
    before.SOPClassUID, before.SOPInstanceUID = content.predecessor.sop_class, content.predecessor.sop_uid
    before.StudyInstanceUID, before.SeriesInstanceUID = content.predecessor.study_uid, content.predecessor.series_uid
    return [before]


def _observer(content: Content) -> ObservationContext:
    """The software; where a clinician entered calls of their own, they as well."""
    attributes = DeviceObserverIdentifyingAttributes(
        uid=DEVICE_UID, name=DEVICE_NAME, manufacturer_name=MANUFACTURER, model_name=MODEL, serial_number=VERSION
    )
    device = ObserverContext(observer_type=standard.DCM.Device, observer_identifying_attributes=attributes)
    if not content.is_edited or content.sign_off is None:
        return ObservationContext(observer_device_context=device)
    signed = content.sign_off
    who = PersonObserverIdentifyingAttributes(name=signed.name, organization_name=signed.organisation)
    person = ObserverContext(observer_type=standard.DCM.Person, observer_identifying_attributes=who)
    return ObservationContext(observer_person_context=person, observer_device_context=device)


def _scored_groups(content: Content, sources: Sources, making: Making) -> list[MeasurementsAndQualitativeEvaluations]:
    """The total, then the regions of the named side, then those of the other; left first where no side is named."""
    first = content.side or Side.LEFT
    shown = _frames_of_regions(content, sources)
    groups = [_total_group(content, making)]
    for side in (first, first.other):
        groups += [_region_group(content, making, side, region, shown.get((side, region), ())) for region in Region]
    return groups


def _total_group(content: Content, making: Making) -> MeasurementsAndQualitativeEvaluations:
    reading = content.reading
    totals = {
        codes.ASPECTS_SCORE: reading["total"],
        codes.LOWEST_TOTAL: reading["total_low"],
        codes.HIGHEST_TOTAL: reading["total_high"],
    }
    laterality = codes.LATERALITY[content.side] if content.side else None
    return MeasurementsAndQualitativeEvaluations(
        tracking_identifier=_tracking(making, "total"),
        algorithm_id=None if content.is_edited else _algorithm(content),
        finding_type=codes.ASPECTS_SCORE,
        finding_sites=[FindingSite(codes.HEMISPHERE, laterality)],
        method=codes.ASPECTS_ASSESSMENT,
        measurements=[_points(name, value) for name, value in totals.items() if value is not None],
        qualitative_evaluations=[QualitativeEvaluation(codes.READING_STATUS, codes.SCORED)],
    )


def _points(name: Code, value: int) -> Measurement:
    """A whole number of points; highdicom would write 7.0, and a score has no decimals."""
    measurement = Measurement(name=name, value=value, unit=codes.SCORE_UNITS)
    measurement[0].MeasuredValueSequence[0].NumericValue = str(value)
    return measurement


def _region_group(
    content: Content, making: Making, side: Side, region: Region, frames: Sequence[SourceFrame]
) -> MeasurementsAndQualitativeEvaluations:
    laterality = codes.LATERALITY[side]
    told = content.reading["regions"][side.value][region.value]
    sites = [codes.REGION[region], *codes.ANATOMY[region]]
    return MeasurementsAndQualitativeEvaluations(
        tracking_identifier=_tracking(making, f"{region.value} {side.value}"),
        algorithm_id=None if "software_status" in told else _algorithm(content),
        finding_type=codes.ACUTE_CHANGE,
        finding_sites=[FindingSite(site, laterality) for site in sites],
        measurements=_region_measurements(told),
        qualitative_evaluations=[
            QualitativeEvaluation(codes.ACUTE_CHANGE, codes.PRESENCE[content.status(side, region)])
        ],
        source_images=[
            SourceImageForMeasurementGroup(
                str(frame.instance.SOPClassUID),
                str(frame.instance.SOPInstanceUID),
                None if frame.number is None else [frame.number],
            )
            for frame in frames
        ],
    )


def _region_measurements(region: Json) -> list[Measurement]:
    """The numbers of a region; what was not measured is left out, never zero."""
    numbers = (
        (codes.PROBABILITY, region["probability"], codes.NO_UNITS),
        (codes.SIDE_DIFFERENCE, region["delta_hu"], codes.HOUNSFIELD_UNITS),
        (codes.ATTENUATION, region["hu"], codes.HOUNSFIELD_UNITS),
    )
    return [Measurement(name=name, value=value, unit=unit) for name, value, unit in numbers if value is not None]


def _frames_of_regions(content: Content, sources: Sources) -> dict[tuple[Side, Region], list[SourceFrame]]:
    """The slices on which each region was found; empty where no label map was kept."""
    if content.drawn is None:
        return {}
    labels = content.drawn.labels
    values = [set(np.unique(labels[:, :, k]).tolist()) for k in range(labels.shape[2])]
    return {
        key: [frame for frame, found in zip(sources.frames, values, strict=True) if value in found]
        for key, value in region_values().items()
    }


def _refusal_group(content: Content, making: Making) -> MeasurementsAndQualitativeEvaluations:
    reason = codes.refusal_code(content.reading["refusal"]["code"])
    return MeasurementsAndQualitativeEvaluations(
        tracking_identifier=_tracking(making, "refusal"),
        algorithm_id=_algorithm(content),
        finding_sites=[FindingSite(codes.BRAIN)],
        qualitative_evaluations=[
            QualitativeEvaluation(codes.READING_STATUS, codes.REFUSED),
            QualitativeEvaluation(codes.REFUSAL_REASON, reason),
        ],
    )


def _tracking(making: Making, name: str) -> TrackingIdentifier:
    return TrackingIdentifier(uid=making.identity.segment(name), identifier=f"ASPECTS {name}")


def _algorithm(content: Content) -> AlgorithmIdentification:
    parameters = [f"{part} {version}" for part, version in content.reading["versions"].items()]
    return AlgorithmIdentification(DEVICE_NAME, VERSION, parameters=parameters or None, manufacturer=MANUFACTURER)


def _comments(content: Content) -> list[str]:
    """Sentences for people, the most important first."""
    reading = content.reading
    comments = [NOT_FOR_CLINICAL_USE]
    if not content.is_scored:
        refusal = reading["refusal"]
        comments.append(f"Not scored ({refusal['code']}): {refusal['text']} {refusal['remedy']}")
    if content.is_edited:
        comments += ["Total and regions of this side as entered by the clinician who signed.", *differences(reading)]
    comments += [f"{warning['text']} ({warning['code']})" for warning in reading["warnings"]]
    if content.sign_off is None:
        comments.append("Not confirmed by a clinician.")
    return comments


def _comment(text: str) -> TextContentItem:
    return TextContentItem(
        name=CodedConcept(*codes.COMMENT[:3]), value=text, relationship_type=RelationshipTypeValues.CONTAINS
    )


def _date_verification(document: Dataset, sign_off: SignOff) -> None:
    document.VerifyingObserverSequence[0].VerificationDateTime = dicom_datetime(sign_off.at)
