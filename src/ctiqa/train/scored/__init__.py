"""Fine-tuning an installed model on readers' scores."""
