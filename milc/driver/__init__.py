"""The verbs as plain functions over the rooms: what `milc.load`, `milc.compile` … call.

From paths or values to values: nothing here prints, and bad input raises MilError. One module a
verb, so that each loads what it needs; nothing is loaded here. Never imports the command line.
"""
