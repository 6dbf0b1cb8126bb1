"""Training of MEFlowNet: pairs, motion prior, network, export."""
