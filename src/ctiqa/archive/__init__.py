"""Archives: which files are new, which series they hold, and their results in a store."""
