"""Keeps processes alive: knows commands, probes and signals, and nothing of what the processes are for."""
