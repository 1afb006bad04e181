"""Formats in which one file is one volume: NIfTI, MetaImage, NRRD and NumPy."""
