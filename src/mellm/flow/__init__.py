"""Two pictures of one face in, facial, head and expression flow and regional motion out."""
