"""Write slices derived from CT files as DICOM, with their derivation stated.

A derived file is built from a list of retained attributes, not from a copy with attributes removed,
so that nothing outside geometry and acquisition can leak. The list is a subset of the attributes
retained by the Basic Application Level Confidentiality Profile (DICOM PS3.15 annex E, 2024) with
the Retain UIDs Option, because a derived image must reference its source.
"""
