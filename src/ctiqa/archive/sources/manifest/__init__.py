"""Manifests: CSV and Parquet files that list what is to be surveyed.

One row is one file: its ``path`` or URL, the ``series`` that it belongs to (optional), and a
``stamp`` that changes with its content (optional).
"""
