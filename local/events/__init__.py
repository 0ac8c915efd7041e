"""Looking at the broker's streams from outside: what was told, what could not be handled, and sending that again."""
