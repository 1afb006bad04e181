"""Labelled training examples from clean or scored CT, split by patient."""
