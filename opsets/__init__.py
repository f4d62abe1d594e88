"""What each op of each Core ML opset takes, gives and means; `milc.opsets` when installed.

Imports diagnostics, ir and schema of milc, and nothing to their right.
"""
