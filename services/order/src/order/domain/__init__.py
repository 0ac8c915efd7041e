"""Rules of ordering; the standard library only."""
