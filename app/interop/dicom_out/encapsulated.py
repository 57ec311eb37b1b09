"""The report page inside a DICOM object: Encapsulated PDF (PS3.3 A.45.1)."""

from pydicom.dataset import Dataset
from pydicom.uid import EncapsulatedPDFStorage

from app.interop.dicom_out import codes
from app.interop.dicom_out.contents import Content
from app.interop.dicom_out.identity import Kind
from app.interop.dicom_out.page import report_page
from app.interop.dicom_out.sources import Sources
from app.interop.dicom_out.stamp import Making, dicom_datetime, stamp


def encapsulated_page(content: Content, sources: Sources, making: Making) -> Dataset:
    """Make the page and wrap it."""
    pdf = report_page(content, sources, making)
    document = Dataset()
    document.SOPClassUID = EncapsulatedPDFStorage
    document.Modality = "DOC"
    document.ConversionType = "SYN"
    document.BurnedInAnnotation = "YES"
    document.RecognizableVisualFeatures = "NO"
    document.AcquisitionDateTime = dicom_datetime(making.local)
    document.SourceInstanceSequence = [_reference(instance) for instance in sources.instances]
    document.DocumentTitle = "ASPECTS report"
    document.ConceptNameCodeSequence = [_coded()]
    document.VerificationFlag = "UNVERIFIED" if content.sign_off is None else "VERIFIED"
    document.MIMETypeOfEncapsulatedDocument = "application/pdf"
    document.EncapsulatedDocumentLength = len(pdf)
    document.EncapsulatedDocument = pdf + b"\0" * (len(pdf) % 2)
    return stamp(document, making, Kind.PAGE)


def _reference(instance: Dataset) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID = instance.SOPClassUID
    item.ReferencedSOPInstanceUID = instance.SOPInstanceUID
    return item


def _coded() -> Dataset:
    title = Dataset()
    title.CodeValue = codes.DIAGNOSTIC_IMAGING_STUDY.value
    title.CodingSchemeDesignator = codes.DIAGNOSTIC_IMAGING_STUDY.scheme_designator
    title.CodeMeaning = codes.DIAGNOSTIC_IMAGING_STUDY.meaning
    return title
