"""Teacher, student, and the loop that trains them, in torch."""
