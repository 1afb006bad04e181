"""Audit of the labels of a data set: rules, groups, charts, page."""
