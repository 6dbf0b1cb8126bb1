"""Evidence in, words out: readings, their check against the measurements, prompts.

>>> from mellm.language import write_reading
"""

from mellm.language.claim_check import unsupported_claims
from mellm.language.grammar_reading import write_reading
from mellm.language.prompt import flow_prompt, vision_prompt

__all__ = ["flow_prompt", "unsupported_claims", "vision_prompt", "write_reading"]
