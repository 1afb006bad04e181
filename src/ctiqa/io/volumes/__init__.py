"""Volume formats: NIfTI, MetaImage, NRRD and NumPy."""
