"""The people of the table: logged in once, so that a rotation of keys in between does not matter to them."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from tests.support.mesh import RunningMesh
from tests.support.repeats.case import World
from tests.support.shop import PASSWORD, Shop

STAFF_ROLES = ["ROLE_CUSTOMER", "ROLE_STAFF"]


@contextmanager
def populated(mesh: RunningMesh) -> Iterator[World]:
    """Two of each kind. They are customers of their own, so that nobody else's requests are in their way."""
    with ExitStack() as stack:

        def newcomer() -> Shop:
            return stack.enter_context(Shop(mesh.gateway))

        def visitor() -> Shop:
            guest = newcomer()
            guest.http.headers["Banyan-Guest"] = f"guest-{uuid.uuid4().hex}"
            return guest

        def member() -> Shop:
            account = newcomer()
            account.register_and_log_in()
            return account

        chief, deputy = newcomer(), member()
        chief.log_in(*mesh.staff)
        chief.call("PUT", f"/v1/users/{deputy.user_id}/roles", {"roles": STAFF_ROLES})
        deputy.log_in(deputy.email, PASSWORD)
        yield World(
            mesh=mesh,
            buyers=(member(), member()),
            staff=(chief, deputy),
            target=member(),
            visitor=visitor,
        )
