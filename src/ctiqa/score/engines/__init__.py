"""Inference engines: ONNX Runtime and OpenVINO."""
