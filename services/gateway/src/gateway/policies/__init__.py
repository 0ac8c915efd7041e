"""What the edge does around every request, one concern a file."""
