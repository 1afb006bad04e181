"""How good a model is, on patients it never saw."""
