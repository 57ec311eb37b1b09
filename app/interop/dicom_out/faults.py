"""What can be wrong when results become DICOM objects or are sent; messages are sentences without patient data."""


class DicomOutUnusable(ValueError):
    """Nothing can be written or sent; the message says why and what to do."""


class SourcesUnusable(DicomOutUnusable):
    """The scan's own files do not say to which patient and study a result belongs."""


class NodesUnusable(DicomOutUnusable):
    """The file of DICOM nodes cannot be used."""
