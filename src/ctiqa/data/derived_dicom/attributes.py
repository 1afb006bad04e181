"""Which attributes a derived CT image has: facts of the standard, by keyword."""

from __future__ import annotations

KEPT = (
    "Manufacturer",
    "ManufacturerModelName",
    "BodyPartExamined",
    "PatientPosition",
    "ScanOptions",
    "SliceThickness",
    "KVP",
    "DataCollectionDiameter",
    "ReconstructionDiameter",
    "DistanceSourceToDetector",
    "DistanceSourceToPatient",
    "GantryDetectorTilt",
    "TableHeight",
    "RotationDirection",
    "ExposureTime",
    "XRayTubeCurrent",
    "Exposure",
    "ExposureInuAs",
    "FilterType",
    "GeneratorPower",
    "FocalSpots",
    "ConvolutionKernel",
    "RevolutionTime",
    "SingleCollimationWidth",
    "TotalCollimationWidth",
    "TableSpeed",
    "TableFeedPerRotation",
    "SpiralPitchFactor",
    "ExposureModulationType",
    "CTDIvol",
    "SeriesNumber",
    "AcquisitionNumber",
    "InstanceNumber",
    "ImagePositionPatient",
    "ImageOrientationPatient",
    "SliceLocation",
    "FrameOfReferenceUID",
    "PixelSpacing",
    "RescaleIntercept",
    "RescaleSlope",
    "WindowCenter",
    "WindowWidth",
    "LossyImageCompressionRatio",
    "LossyImageCompressionMethod",
)
"""Attributes that are carried over: geometry, acquisition, rescale."""

BLANK = (
    "StudyDate",
    "StudyTime",
    "ContentDate",
    "ContentTime",
    "AccessionNumber",
    "ReferringPhysicianName",
    "PatientBirthDate",
    "PatientSex",
    "StudyID",
    "PositionReferenceIndicator",
)
"""Attributes that a CT image must have and that may be empty (PS3.3, type 2)."""

TYPE_2 = (
    "PatientPosition",
    "Manufacturer",
    "KVP",
    "SliceThickness",
    "SeriesNumber",
    "AcquisitionNumber",
    "InstanceNumber",
)
"""Kept attributes that must be there even where the source has no value (PS3.3, type 2)."""

PLACE = {"ImagePositionPatient": 3, "ImageOrientationPatient": 6, "PixelSpacing": 2}
"""Attributes, with their number of values, that place a CT image in the patient (type 1)."""

UNPAIRED = frozenset(
    {
        "ABDOMEN",
        "ABDOMENPELVIS",
        "AORTA",
        "BLADDER",
        "BRAIN",
        "CHEST",
        "CHESTABDOMEN",
        "CHESTABDPELVIS",
        "COCCYX",
        "COLON",
        "CSPINE",
        "CTSPINE",
        "FACE",
        "HEAD",
        "HEADNECK",
        "HEART",
        "JAW",
        "LIVER",
        "LSPINE",
        "LSSPINE",
        "MEDIASTINUM",
        "NECK",
        "NECKCHEST",
        "NECKCHESTABDOMEN",
        "NECKCHESTABDPELV",
        "PANCREAS",
        "PELVIS",
        "PROSTATE",
        "SKULL",
        "SPINE",
        "SPLEEN",
        "SSPINE",
        "STERNUM",
        "STOMACH",
        "TLSPINE",
        "TSPINE",
        "UTERUS",
        "WHOLEBODY",
    }
)
"""Body parts of CT (PS3.16 annex L) that have no side, so that Laterality must be absent."""
