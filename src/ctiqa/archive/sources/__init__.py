"""Inputs of a survey that are not folders: manifests, object stores, DICOMweb servers.

:func:`ctiqa.archive.sources.opening.open_source` recognises them. Every source lists small units,
which can be sent to other processes and fetch their own files.
"""
