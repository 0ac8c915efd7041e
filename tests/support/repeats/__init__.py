"""Requests that are sent more than once: a row for each public mutation, and tools to break what carries them."""
