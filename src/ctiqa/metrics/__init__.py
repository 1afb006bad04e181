"""Numbers: agreement with readers, likeness to a reference, noise."""
