"""Prompts of the checkpoints that the papers' authors published, to the character of their demonstrations."""
