"""Real argon2id: right and wrong passwords, and a bounded queue."""

from __future__ import annotations

import asyncio
import threading

import pytest

from user.adapters.hasher import Argon2Hasher, TooManyLogins


async def test_hash_verifies_only_its_password() -> None:
    hasher = Argon2Hasher(threads=1, queue_max=4, memory_kib=64, time_cost=1)
    await hasher.start()
    kept = await hasher.hash("right")
    assert kept.startswith("$argon2id$")
    assert await hasher.verify(kept, "right")
    assert not await hasher.verify(kept, "wrong")
    assert not await hasher.verify(None, "no account has this password")
    await hasher.stop(1)


async def test_full_queue_refuses_and_recovers() -> None:
    hasher = Argon2Hasher(threads=1, queue_max=1, memory_kib=64, time_cost=1)
    gate = threading.Event()
    running = asyncio.create_task(hasher._run(gate.wait))  # holds the only thread
    await asyncio.sleep(0)
    waiting = asyncio.create_task(hasher.hash("x"))
    await asyncio.sleep(0)
    with pytest.raises(TooManyLogins):
        await hasher.hash("y")
    gate.set()
    await asyncio.gather(running, waiting)
    assert await hasher.verify(await hasher.hash("z"), "z")
    await hasher.stop(1)
