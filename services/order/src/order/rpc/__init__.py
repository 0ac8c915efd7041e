"""What comes in: calls and events."""
