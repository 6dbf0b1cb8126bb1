"""What the built-in model sees by itself: encoders of MMC-Maps and of 29 regions, and their opinion."""
