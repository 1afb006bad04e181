"""Measurements on one slice of a patient: noise, texture, sharpness, contrast, size, dose."""
