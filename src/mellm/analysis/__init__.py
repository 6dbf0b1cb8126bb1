"""A clip or a pair in, a report out: the stages composed, for one source or for many."""
