"""Where examples come from: one module a source, each with a ``plan(root, recipe)``."""
