"""Attributes of a derived CT image, by keyword, as defined by the standard."""

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
"""Attributes copied from the source: geometry, acquisition, rescale."""

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
"""Required attributes of a CT image that may be empty (PS3.3, type 2)."""

TYPE_2 = (
    "PatientPosition",
    "Manufacturer",
    "KVP",
    "SliceThickness",
    "SeriesNumber",
    "AcquisitionNumber",
    "InstanceNumber",
)
"""Copied attributes that are required even if the source has no value (PS3.3, type 2)."""

PLACE = {"ImagePositionPatient": 3, "ImageOrientationPatient": 6, "PixelSpacing": 2}
"""Attributes that locate a CT image in the patient, with their number of values (type 1)."""

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
"""Unpaired body parts (PS3.16 annex L), for which Laterality must be absent."""
