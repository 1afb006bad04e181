"""Sources of examples: one module per source, each with a ``plan(root, recipe)``."""
