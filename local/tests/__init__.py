"""Tests of the local runtime: tiny fake processes for the supervisor, real stores for the stores."""
