"""DICOM in: takes objects from archives and scanners, makes studies of them, and has the right series read."""
