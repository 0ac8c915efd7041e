"""Joins ordered streams of several books on their ids, holding one id at a time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

Keyed = AsyncIterator[tuple[str, Any]]


async def merged(*streams: Keyed) -> AsyncIterator[tuple[str, tuple[list[Any], ...]]]:
    """Each id that any stream has, in order, with what each stream has of it.

    Raises RuntimeError when a stream is not in the order of its ids.
    """
    heads = [await anext(stream, None) for stream in streams]
    while waiting := [head[0] for head in heads if head is not None]:
        key = min(waiting)
        found: tuple[list[Any], ...] = tuple([] for _ in streams)
        for index, stream in enumerate(streams):
            head = heads[index]
            while head is not None and head[0] == key:
                found[index].append(head[1])
                head = await anext(stream, None)
                if head is not None and head[0] < key:
                    raise RuntimeError(f"stream {index} is not in order: {head[0]} after {key}")
            heads[index] = head
        yield key, found


async def held(values: Mapping[str, Any]) -> Keyed:
    """A stream of what is held in memory."""
    for key in sorted(values):
        yield key, values[key]
