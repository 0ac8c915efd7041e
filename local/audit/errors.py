"""The one way in which an audit ends without a result."""

from __future__ import annotations

from local.errors import LocalError


class CouldNotCheckError(LocalError):
    """A source could not be read; the command ends with exit code 2."""
