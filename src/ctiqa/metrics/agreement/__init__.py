"""Agreement between scores and labels.

Correlation coefficients, confidence intervals, bootstrap, inter-reader agreement.
"""
