"""Training of the FACS stage: action units from regional motion, emotions from action units."""
