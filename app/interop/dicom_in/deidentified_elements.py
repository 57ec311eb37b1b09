"""What a de-identified working copy keeps: geometry, density and how the scan was made; everything else goes.

An allow-list: an element that is not named here, private ones among them, is not in the copy, whatever it holds
(PS3.15 Annex E names what must go; a list of what may stay cannot miss one). Texts that people type (descriptions,
comments, protocol names) are on no list. Names are of PS3.6.
"""

KEPT = frozenset({
    "ImageType", "Modality", "SamplesPerPixel", "PhotometricInterpretation", "Rows", "Columns", "NumberOfFrames",
    "BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation", "PixelPaddingValue", "PixelPaddingRangeLimit",
    "PixelSpacing", "SliceThickness", "SpacingBetweenSlices", "ImagePositionPatient", "ImageOrientationPatient",
    "SliceLocation", "GantryDetectorTilt", "RescaleSlope", "RescaleIntercept", "RescaleType", "KVP", "XRayTubeCurrent",
    "ExposureTime", "Exposure", "InstanceNumber", "SeriesNumber", "AcquisitionNumber", "LossyImageCompression",
    "LossyImageCompressionRatio", "PresentationLUTShape", "VolumetricProperties", "VolumeBasedCalculationTechnique",
    "ComplexImageComponent", "PixelPresentation", "FrameType", "InConcatenationNumber", "TemporalPositionIndex",
    "StackPosition", "InStackPositionNumber", "DimensionIndexValues", "FrameAcquisitionNumber",
})  # fmt: skip
"""Numbers and coded words; texts among them are checked against what such a word looks like."""

WORDS = frozenset({"ConvolutionKernel", "Manufacturer", "PatientPosition", "PatientSex", "ContrastBolusAgent"})
"""Short texts that matter to the reading; each is kept only where it is a word of `VOCABULARY`, else emptied."""

UIDS = frozenset({"StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "FrameOfReferenceUID"})
"""Replaced by keyed ones: the same in all copies of one key, and of no use without it."""

SEQUENCES = frozenset({
    "SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence", "CTImageFrameTypeSequence",
    "CTReconstructionSequence", "PixelMeasuresSequence", "PixelValueTransformationSequence", "PlaneOrientationSequence",
    "PlanePositionSequence", "CTXRayDetailsSequence", "FrameContentSequence",
})  # fmt: skip
"""Entered, and held to the same lists."""

DATES = frozenset({"StudyDate", "SeriesDate", "AcquisitionDate", "ContentDate"})
"""Moved by the same number of days within one patient, so that intervals stay."""

EMPTY = frozenset({
    "PatientBirthDate", "StudyTime", "AccessionNumber", "ReferringPhysicianName", "StudyID",
    "PositionReferenceIndicator",
})  # fmt: skip
"""Required to be there (type 2), and empty."""

VOCABULARY = {
    "Manufacturer": frozenset({
        "SIEMENS", "Siemens Healthineers", "GE MEDICAL SYSTEMS", "Philips", "TOSHIBA", "CANON_MEC",
        "Hitachi Medical Corporation",
    }),
    "PatientSex": frozenset({"M", "F", "O"}),
    "PatientPosition": frozenset({"HFS", "HFP", "FFS", "FFP", "HFDR", "HFDL", "FFDR", "FFDL"}),
    "ConvolutionKernel": frozenset({
        "STANDARD", "STD", "STD+", "SOFT", "BONE", "BONEPLUS", "BONE+", "EDGE", "LUNG", "DETAIL", "CHST",
        "A", "B", "C", "D", "E", "EB", "EC", "UA", "UB", "UC", "UD", "YA", "YB", "YC", "YD", "YE",
    }),
    "Modality": frozenset({"CT"}),
    "PhotometricInterpretation": frozenset({"MONOCHROME1", "MONOCHROME2"}),
    "RescaleType": frozenset({"HU", "US", "HU_MOD"}),
    "LossyImageCompression": frozenset({"00", "01"}),
    "PresentationLUTShape": frozenset({"IDENTITY", "INVERSE"}),
    "PixelPresentation": frozenset({"MONOCHROME", "COLOR", "MIXED", "TRUE_COLOR"}),
    "VolumetricProperties": frozenset({"VOLUME", "SAMPLED", "DISTORTED", "MIXED"}),
    "VolumeBasedCalculationTechnique": frozenset({"NONE", "MAX_IP", "MIN_IP", "VOLUME_RENDER", "MPR", "MIXED"}),
    "ComplexImageComponent": frozenset({"MAGNITUDE", "MIXED"}),
}  # fmt: skip
"""The only texts that a copy takes over from an original."""

IMAGE_TYPES = frozenset({
    "ORIGINAL", "DERIVED", "PRIMARY", "SECONDARY", "AXIAL", "LOCALIZER", "SCOUT", "TOPOGRAM", "REF_SURVIEW", "MPR",
    "MIP", "MINIP", "VOLUME", "NONE", "HELIX", "HELICAL", "CT_SOM5 SEQ", "CT_SOM5 SPI", "CT_SOM7 SEQ", "CT_SOM7 SPI",
    "ADD", "REFORMATTED", "AVERAGE", "VRT", "SSD", "3D", "PROJECTION IMAGE", "MONITORING", "RCBF", "RCBV", "CBF", "CBV",
    "MTT", "TTP", "TMAX", "PERFUSION", "PATIENT_INFO", "DOSE_INFO", "RESULTS", "SCREEN SAVE", "SCREENSAVE",
})  # fmt: skip
"""Values of Image Type that are taken over; others become OTHER."""
