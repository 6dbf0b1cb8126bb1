"""Every sentence and name that a person reads, per language."""
