"""Records in which milc leaves more than coremltools, or something else, and why that is right.

By the name of the record, or by pass and sort (`fuse_pow2_sqrt worse`) where it is true of all.
"""

from __future__ import annotations

REASONS: dict[str, str] = {}
