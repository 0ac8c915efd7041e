"""Rules on the tree itself: fast, without a process or a store."""
