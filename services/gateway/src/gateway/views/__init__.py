"""Pages that combine services, written by hand: what they need, and what they can do without."""
