"""Cancels an order that has not left: its workflow turns round, or is opened again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from order.app.get_order import GetOrder, Viewer
from order.app.place_order import Answer
from order.app.ports import Clock, Lease, OrderWriter, RequestKey, Runner
from order.domain.cancelling import Wish, plan_cancel
from order.domain.errors import OrderNotCancellable
from order.domain.states import OrderState
from order.domain.workflow import Status


@dataclass(frozen=True, slots=True)
class CancelCommand:
    """A request to cancel; without a `key` it is simply repeatable."""

    viewer: Viewer
    order_id: str
    key: RequestKey | None


class CancelOrder:
    """Repeating it is no error; what it began goes on without the caller."""

    def __init__(
        self, *, get_order: GetOrder, orders: OrderWriter, runner: Runner, clock: Clock, lease: Lease
    ) -> None:
        self._get_order = get_order
        self._orders = orders
        self._runner = runner
        self._clock = clock
        self._lease = lease

    async def __call__(self, command: CancelCommand, within_s: Callable[[], float]) -> Answer:
        """Raises OrderNotFound, OrderNotCancellable and KeyReused; waits `within_s()` seconds at most."""
        known = await self._orders.find_request(command.key) if command.key else None
        await self._get_order(command.viewer, command.order_id)
        repeated = known is not None or await self._begin(command) is Wish.REPEATED
        work = await self._runner.settled(command.order_id, within_s())
        if work.flow.status is Status.DONE and work.order.state is not OrderState.CANCELLED:
            raise OrderNotCancellable(command.order_id, work.order.state)
        return Answer(work.order, work.order.state is OrderState.CANCELLED, replayed=repeated)

    async def _begin(self, command: CancelCommand) -> Wish:
        work, wish = await self._orders.request_cancel(
            command.order_id,
            lambda order, flow: plan_cancel(order, flow, self._clock.now()),
            command.key,
            self._lease,
        )
        if wish is Wish.OPENED:
            self._runner.submit(work)
        elif wish is Wish.MARKED:
            self._runner.wake()
        return wish
