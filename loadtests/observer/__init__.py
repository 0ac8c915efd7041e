"""Watches a cluster while it is loaded: replicas, signals, thresholds, processor and memory of every service, over time."""
