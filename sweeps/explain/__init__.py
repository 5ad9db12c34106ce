"""How a sweep came to its verdict, in plain words, from its record alone."""
