"""Fine-tuning of language models: recipe, batches, loop, export."""
