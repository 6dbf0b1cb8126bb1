"""Regional motion in, action units with sides and emotion probabilities out."""
