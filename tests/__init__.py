"""The tests of milc. A package, so that they can share tests/shared.py and tests/oracle.py."""
