"""People who ask for one thing only, so that one signal rises."""
