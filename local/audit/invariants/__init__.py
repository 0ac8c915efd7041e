"""The invariants: each a pure function from what the books say of one thing to a verdict, None when it is not its matter."""
