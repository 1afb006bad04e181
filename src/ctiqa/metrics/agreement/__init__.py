"""Agreement between scores and labels: coefficients, intervals, bootstrap, readers."""
