"""Results of an evaluation as files, charts and a page."""
