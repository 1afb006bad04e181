"""Decode the pixel data element to stored values, compressed or not."""
