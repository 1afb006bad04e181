"""The model card, written from a held-out evaluation."""
