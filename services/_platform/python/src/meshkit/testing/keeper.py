"""Runs one server for a whole test session: until the session's process is gone, or until told to stop.

A program of its own: `keeper.py OWNER_PID FOLDER ACCOUNT COMMAND...`, where ACCOUNT may be "-". The workers of a
parallel session share the server, so none of them may be its parent. At the end the folder is deleted.
"""

import ctypes
import os
import pwd
import select
import shutil
import signal
import subprocess
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Starts the server, waits for its end, the owner's, or a signal, and cleans up."""
    owner, folder, account, command = int(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4:]
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the session, and the session stops us
    os.chdir("/")
    stop_read, stop_write = os.pipe()
    signal.signal(signal.SIGTERM, lambda *_: os.write(stop_write, b"x"))
    prctl = ctypes.CDLL(None).prctl
    user = None if account == "-" else account
    server = subprocess.Popen(
        command,
        user=user,
        group=pwd.getpwnam(user).pw_gid if user else None,
        extra_groups=[] if user else None,
        preexec_fn=lambda: prctl(PR_SET_PDEATHSIG, int(signal.SIGINT)),  # noqa: PLW1509
    )
    poller = select.poll()
    watched = [os.pidfd_open(server.pid), stop_read]
    try:
        watched.append(os.pidfd_open(owner))
        for descriptor in watched:
            poller.register(descriptor, select.POLLIN)
        poller.poll()
    except ProcessLookupError:
        pass  # the owner is gone already
    finally:
        server.send_signal(signal.SIGINT)  # PostgreSQL's fast shutdown
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait(10)
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
