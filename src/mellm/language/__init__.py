"""Evidence in, words out: readings, prompts, answer parsing, LLM backends."""
