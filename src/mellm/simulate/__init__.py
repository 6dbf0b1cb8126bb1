"""MEFlowDataset: onset-apex pairs and clips of known micro-motion, made from pictures of faces."""
