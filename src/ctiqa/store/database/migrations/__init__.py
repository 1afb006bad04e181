"""Migrations of the tables, applied in order when a store is opened.

A migration is a file in ``versions/`` whose ``down_revision`` is the number before its own; the
newest number is :data:`ctiqa.store.database.schema.SCHEMA`. Migrations are never changed once
released. They are one-way: a newer store is not opened by an older ctiqa.
"""
