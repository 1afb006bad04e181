"""What the parts that work on the queue have in common."""
