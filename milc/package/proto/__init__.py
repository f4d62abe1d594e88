"""The schema of a Core ML model, `mil.proto` and `model.proto`, and the code generated from it.

`generate.py` writes `*_pb2.py` and `*_pb2.pyi` anew; nobody edits those. Imports nothing of milc.
"""
