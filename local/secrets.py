"""Passwords of the stores: made once, kept in BANYAN_HOME/secrets.json (0600), shown by `dsn` only."""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path

from local.errors import LocalError


class Secrets:
    """Named passwords that stay the same for the life of the data they protect."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._values = self._read()

    def _read(self) -> dict[str, str]:
        try:
            values = json.loads(self._path.read_text())
        except FileNotFoundError:
            return {}
        except ValueError as error:
            raise LocalError(
                f"{self._path} is damaged ({error}): restore it, or begin anew with `./banyan down --wipe`"
            ) from None
        return {str(name): str(value) for name, value in values.items()}

    def get(self, name: str) -> str:
        """The password called `name`, made at the first call; letters and digits, so it fits into a URL."""
        if name not in self._values:
            self._values[name] = secrets.token_hex(16)
            self._write()
        return self._values[name]

    def known(self, name: str) -> bool:
        """Whether the password exists already."""
        return name in self._values

    def _write(self) -> None:
        fresh = self._path.with_suffix(".new")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(self._values, file, indent=1)
        fresh.replace(self._path)
