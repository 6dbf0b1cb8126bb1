"""Media in, upright RGB frames with exact times out. Knows nothing about faces."""
