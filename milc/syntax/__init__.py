"""MIL text: reading it into the IR and writing it back.

Never imports numpy, protobuf, rich or an opset.
"""
