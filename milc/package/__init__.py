"""Packages, compiled bundles, their protobuf and their weight files, read and written.

Imports diagnostics and ir; never a pass, an opset's rules, or the command line. Nothing is loaded
here, so that one part can be had without protobuf and another without numpy.
"""
