"""Who comes: which journeys, how often, how fast."""
