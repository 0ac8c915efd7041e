"""Container images: which there are, what they are made of, and how they are built and pushed."""
