"""Shared by the writers of DICOM files: valid values, codes, reproducible UIDs, file content."""
