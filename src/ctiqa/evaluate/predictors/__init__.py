"""What can be evaluated: models, runs, CSV files of scores, baselines."""
