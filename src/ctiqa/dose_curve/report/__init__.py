"""Dose curves as text, JSON and page."""
