"""Places an order: prices it, writes it with its workflow, and waits for the outcome as long as the caller can."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from order.app.ports import Clock, Lease, OrderWriter, Placement, RequestKey, Runner, Work
from order.app.pricer import Pricer
from order.domain.money import Money
from order.domain.order import Address, Item, Order, Speed
from order.domain.pricing import Quote
from order.domain.states import UNSETTLED, OrderState
from order.domain.workflow import placing


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceCommand:
    """A request to buy; no `items` means the caller's cart."""

    user_id: str
    items: tuple[Item, ...]
    address: Address
    speed: Speed
    payment_token: str = field(repr=False)
    key: RequestKey


@dataclass(frozen=True, slots=True)
class Answer:
    """The order as it is now; `final` when nothing is under way, `replayed` when an earlier request did it."""

    order: Order
    final: bool
    replayed: bool = False


class PlaceOrder:
    """One order for one request key, whatever happens to the caller."""

    def __init__(
        self,
        *,
        pricer: Pricer,
        orders: OrderWriter,
        runner: Runner,
        clock: Clock,
        lease: Lease,
        new_id: Callable[[], str],
    ) -> None:
        self._pricer = pricer
        self._orders = orders
        self._runner = runner
        self._clock = clock
        self._lease = lease
        self._new_id = new_id

    async def __call__(self, command: PlaceCommand, within_s: Callable[[], float]) -> Answer:
        """`within_s` tells how many seconds are left to wait for the outcome.

        Raises what `Pricer.price` does, CreditLimitExceeded and KeyReused.
        """
        placed = await self._place(command)
        if isinstance(placed, Work):
            self._runner.submit(placed)
        order_id = placed.order.order_id if isinstance(placed, Work) else placed
        order = (await self._runner.settled(order_id, within_s())).order
        return Answer(order, order.state not in UNSETTLED, replayed=isinstance(placed, str))

    async def _place(self, command: PlaceCommand) -> Work | str:
        """The new order, or the id of the one that an earlier request of the same key placed."""
        try:
            quote = await self._pricer.price(command.items, command.address.country_code, command.speed)
            work, placement = self._placement(command, quote)
            return await self._orders.place(placement, self._lease) or work
        except Exception:
            # What fails now need not have failed then: the cart, say, has been emptied by that very order.
            if known := await self._orders.find_request(command.key):
                return known
            raise

    def _placement(self, command: PlaceCommand, quote: Quote) -> tuple[Work, Placement]:
        now = self._clock.now()
        order = Order(
            order_id=self._new_id(),
            user_id=command.user_id,
            state=OrderState.PENDING,
            lines=quote.lines,
            shipping_price=quote.shipping_price,
            refunded=Money(0, quote.shipping_price.currency),
            address=command.address,
            speed=command.speed,
            created_at=now,
            updated_at=now,
        )
        flow, entries = placing(order, command.payment_token, now)
        return Work(order, flow), Placement(order, flow, entries, command.key)
