"""The one exception that people see: a sentence that says what is wrong and what to do."""

from __future__ import annotations

import errno


class LocalError(Exception):
    """Something the person at the keyboard can mend, in one line; it ends the command with exit code `code`."""

    code = 1


def from_os_error(error: OSError) -> LocalError:
    """The same words for an error of the operating system, wherever it happened."""
    where = f" ({error.filename})" if error.filename else ""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return LocalError(f"the disk is full{where}: free some space, then run this again")
    if error.errno in (errno.EACCES, errno.EPERM):
        return LocalError(
            f"permission denied{where}: check who owns it, or set BANYAN_HOME to a folder of yours"
        )
    if error.errno == errno.EROFS:
        return LocalError(f"the disk is read-only{where}: set BANYAN_HOME to a folder that can be written")
    return LocalError(f"{error.strerror or error}{where}")
