"""Builds the services that are not Python, once for each content of their inputs; shared by all copies of the tree."""
