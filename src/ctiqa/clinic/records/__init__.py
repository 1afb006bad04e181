"""What the clinic keeps in the database of the store, beside the results."""
