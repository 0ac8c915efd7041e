"""Owners killed with SIGKILL when they have committed and before anybody gets their answer."""

from __future__ import annotations

import os
import signal
from collections.abc import Container, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Final

import httpx2

from tests.support.eventually import eventually
from tests.support.mesh import RunningMesh
from tests.support.repeats.case import Case, Mutation, World, answer_of, fresh_key, send
from tests.support.repeats.old_keys import expire_new_cart_answers, make_old
from tests.support.repeats.side_gateway import side_gateway
from tests.support.repeats.trap import AnswerTrap, traps
from tests.support.shop import Json

_ANSWER_DEADLINE_S: Final = 6.0  # longer than the budget of any route
_CLIENT_DEADLINE_S: Final = 30.0
_ROUNDS: Final = 5  # on a busy machine a request may be given up before its owner sees it
_READY_DEADLINE_S: Final = 120.0
_RETRIED: Final = frozenset({409, 502, 503, 504})
# What an order needs to be placed must be alive meanwhile, so its own owner dies in a turn of its own.
_TURNS: Final = (frozenset({"order"}), frozenset({"payment"}))


@dataclass(slots=True)
class Story:
    """What happened to one row's requests before and while its owner was killed."""

    row: Mutation
    answered: Case
    old: Case
    lost: Case
    answered_key: str = field(default_factory=fresh_key)
    old_key: str = field(default_factory=fresh_key)
    lost_key: str = field(default_factory=fresh_key)
    first: Json = field(default_factory=dict)
    """The answer that `answered` got."""
    lost_before: object = None
    """What `lost` showed before it was asked."""
    lost_status: int = 0
    """What the client of `lost` got instead of its answer."""


def killed_before_answers(world: World, rows: Sequence[Mutation]) -> dict[str, Story]:
    """Asks for each row three times: answered, answered a day ago, and answered to nobody; then its owner dies.

    Returns when all owners are ready again.
    """
    stories = _told(world, rows)
    owners = list(dict.fromkeys(row.service for row in rows))
    with traps({owner: world.mesh.address(owner, "grpc") for owner in owners}) as set_up:
        addresses = {owner: trap.address for owner, trap in set_up.items()}
        with side_gateway(world.mesh, addresses) as gateway:
            for turn in (set(owners).difference(*_TURNS), *_TURNS):
                lives = _lives(world.mesh, turn)
                for owner in sorted(turn):
                    lost = [story for story in stories if story.row.service == owner]
                    pids = [pid for life in lives.values() if life["group"] == owner for pid in life["pids"]]
                    _lose_answers(lost, set_up[owner], gateway, pids)
                eventually(
                    partial(_live_again, world.mesh, lives), deadline_s=_READY_DEADLINE_S, interval_s=0.5
                )
    return {story.row.rpc: story for story in stories}


def _told(world: World, rows: Sequence[Mutation]) -> list[Story]:
    stories: list[Story] = []

    def tell(row: Mutation) -> None:
        answered, old, lost = (row.prepare(world, 0) for _ in range(3))
        story = Story(row, answered, old, lost)
        story.first = answer_of(send(answered, answered.ask, story.answered_key))
        story.lost_before = lost.seen()
        stories.append(story)

    def answer_old() -> None:
        for story in stories:
            answer_of(send(story.old, story.old.ask, story.old_key))

    for row in rows:
        tell(row)
    expire_new_cart_answers(world.mesh, answer_old)
    for owner in dict.fromkeys(row.service for row in rows if row.service != "cart"):
        make_old(world.mesh, owner, [story.old_key for story in stories if story.row.service == owner])
    return stories


def _lose_answers(stories: Sequence[Story], trap: AnswerTrap, gateway: str, pids: Sequence[int]) -> None:
    """Has all of an owner's answers caught, and kills it then."""
    with ThreadPoolExecutor(len(stories)) as clients:
        for _ in range(_ROUNDS):
            trap.arm()
            waiting = [
                clients.submit(send, story.lost, story.lost.ask, story.lost_key, gateway) for story in stories
            ]
            complete = trap.caught(len(stories), _ANSWER_DEADLINE_S)
            if complete:
                _kill(pids)
                trap.shut()
            for story, response in zip(stories, waiting, strict=True):
                story.lost_status = response.result(_CLIENT_DEADLINE_S).status_code
            if complete:
                return
    raise AssertionError(f"{stories[0].row.service} does not answer in time")


def _kill(pids: Iterable[int]) -> None:
    for pid in pids:
        os.kill(pid, signal.SIGKILL)


def _lives(mesh: RunningMesh, services: Container[str]) -> dict[str, Json]:
    """All replicas of these services, by their names."""
    return {row["name"]: row for row in mesh.status()["processes"] if row["group"] in services}


def _live_again(mesh: RunningMesh, before: dict[str, Json]) -> bool:
    """Whether each has a new life and is ready; asked over its own port first, which costs less than a status."""
    if not all(_is_ready(life["addresses"]["admin"]) for life in before.values()):
        return False
    now = _lives(mesh, {life["group"] for life in before.values()})
    return all(
        now[name]["state"] == "ready" and now[name]["pids"][0] != life["pids"][0]
        for name, life in before.items()
    )


def _is_ready(admin: str) -> bool:
    try:
        return httpx2.get(f"http://{admin}/readyz").status_code == 200
    except httpx2.TransportError:
        return False


def send_patiently(case: Case, key: str) -> httpx2.Response:
    """The same request until it gets through to an owner that has just come back."""

    def answer() -> httpx2.Response:
        response = send(case, case.ask, key)
        assert response.status_code not in _RETRIED, response.text
        return response

    return eventually(answer, deadline_s=30)
