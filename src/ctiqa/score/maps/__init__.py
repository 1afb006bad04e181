"""Maps of local noise: colours over the slice, as PNG and as DICOM."""
