"""The models kiln is tested and measured with: written by make_models.py, run by ONNX Runtime (reference.py) and kiln (kiln.py)."""
