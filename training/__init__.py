"""Training of the world-action model: demonstrations in, ONNX networks out."""
