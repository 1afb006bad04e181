"""Backbones of timm and torchvision: built by name, with random, published or local weights."""
