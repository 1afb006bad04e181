"""DICOM: single-frame CT and multi-frame Enhanced CT."""
