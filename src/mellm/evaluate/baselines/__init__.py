"""Published and plain recognisers, small enough to read, all under the same protocols."""
