"""Regional motion over time in, onset, apex and offset of each event out."""
