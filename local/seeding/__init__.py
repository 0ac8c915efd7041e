"""Fills a new mesh with a shop worth looking at: always the same products, stock and people."""
