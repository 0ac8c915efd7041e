"""`./banyan test`: one table of kinds, a runner for each, one summary."""
