"""Evidence in, words out: readings, their check against the measurements, prompts.

>>> from mellm.language import write_reading
"""

from mellm.language.check import unsupported_claims
from mellm.language.reading import write_reading

__all__ = ["unsupported_claims", "write_reading"]
