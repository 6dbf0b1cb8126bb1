"""Dataset readers and generators. Reads and makes data; trains and evaluates nothing."""
