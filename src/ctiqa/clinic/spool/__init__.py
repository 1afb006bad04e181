"""The folder for received files, which is the truth about what was received."""
