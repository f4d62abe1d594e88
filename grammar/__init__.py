"""The grammar of MIL text: `mil.lark`, normative, and `tables.py`, what lark makes of it.

`PATTERNS` has the regular expression of each terminal, `STATES` a row for each state of the LALR
automaton (symbol -> next state if not negative, else the rule -1 - n to reduce by), `RULES` each
rule's symbol, length and callback, `STARTS` and `ENDS` the states in which a text of each start
symbol begins and ends. Imports nothing of milc.
"""

from .tables import DIGEST, ENDS, PATTERNS, RULES, STARTS, STATES

__all__ = ["DIGEST", "ENDS", "PATTERNS", "RULES", "STARTS", "STATES"]
