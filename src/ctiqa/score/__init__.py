"""Scoring: from files or arrays in HU to scores with intervals and reports."""

from ctiqa.score.scorer import Scorer

__all__ = ["Scorer"]
