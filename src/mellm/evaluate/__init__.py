"""Metrics, protocols and baselines, with per-sample predictions behind every figure."""
