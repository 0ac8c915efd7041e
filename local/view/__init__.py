"""How things look: colours on a terminal, plain lines in a pipe."""
