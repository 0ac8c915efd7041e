"""What people prefer: as recipients of parcels, and of messages."""

from __future__ import annotations

import uuid

from tests.support.repeats.case import Ask, Case, Mutation, World
from tests.support.shop import ADDRESS


def _recipient(world: World, caller: int) -> Case:
    who = world.buyers[caller]
    first, other = (
        Ask(
            "PUT",
            "/v1/recipient",
            {"addresses": [ADDRESS], "preferences": {"instructions": uuid.uuid4().hex}},
        )
        for _ in "ab"
    )
    return Case(who, first, other, lambda: who.get("/v1/recipient"))


def _preferences(world: World, caller: int) -> Case:
    who, path = world.buyers[caller], "/v1/notifications/preferences"
    first, other = (
        Ask("PUT", path, {"channels": ["CHANNEL_EMAIL", "CHANNEL_PUSH"], "pushToken": uuid.uuid4().hex})
        for _ in "ab"
    )
    return Case(who, first, other, lambda: who.get(path))


SHIPPING = (Mutation("shipping.UpdateRecipient", _recipient),)
NOTIFICATION = (Mutation("notification.UpdatePreferences", _preferences),)
