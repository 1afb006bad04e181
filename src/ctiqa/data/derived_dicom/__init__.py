"""Slices made from real CT files, written back as DICOM that says what they are.

A derived file is built from a list of attributes that stay, never from a copy with some taken
out: whatever is not known to describe geometry or acquisition cannot leak. That list lies within
what the Basic Application Level Confidentiality Profile (DICOM PS3.15 annex E, 2024) leaves in,
with the Retain UIDs Option, because a derived image must name its source.
"""
