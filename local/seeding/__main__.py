"""`python -m local.seeding`: a process of its own, because gRPC's threads do not mix with a supervisor that forks.

Reads one JSON object from standard input: `addresses` (service → host:port, those to seed) and `staff` (or null).
With `--from-environment` they come from SEED_ADDRESSES (`product=host:port,…`), BANYAN_STAFF_EMAIL and
BANYAN_STAFF_PASSWORD instead.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

import grpc
from google.protobuf.message import Message

from banyan.common.v1.money_pb2 import Money
from banyan.inventory.v1 import inventory_service_pb2 as inventory
from banyan.inventory.v1.inventory_pb2 import StockItem
from banyan.product.v1 import product_service_pb2 as product
from banyan.product.v1.product_pb2 import Category, Product
from banyan.user.v1 import user_service_pb2 as user
from banyan.user.v1.user_pb2 import ROLE_CUSTOMER, ROLE_STAFF
from local.seeding.catalogue import CURRENCY, SeedProduct, categories, products
from local.seeding.people import CUSTOMER_PASSWORD, CUSTOMERS, EMAIL_VARIABLE, PASSWORD_VARIABLE

BATCH = 250
CALL_DEADLINE_S = 30.0
ATTEMPTS = 5
T = TypeVar("T")


async def call(channel: grpc.aio.Channel, method: str, request: Message, answer: type[Message]) -> None:
    """One unary call; waits for the channel, and tries again while the service sheds load."""
    invoke = channel.unary_unary(
        method, request_serializer=type(request).SerializeToString, response_deserializer=answer.FromString
    )
    for attempt in range(ATTEMPTS):
        try:
            await invoke(request, timeout=CALL_DEADLINE_S, wait_for_ready=True)
            return
        except grpc.aio.AioRpcError as error:
            again = error.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED)
            if not again or attempt == ATTEMPTS - 1:
                raise SystemExit(f"error: {method}: {error.code().name}: {error.details()}") from error
            await asyncio.sleep(0.2 * 2**attempt)


def batches(items: Sequence[T]) -> Iterator[Sequence[T]]:
    """Parts of at most `BATCH`."""
    for start in range(0, len(items), BATCH):
        yield items[start : start + BATCH]


async def seed_product(channel: grpc.aio.Channel) -> None:
    """Categories first, then products."""
    method = "/banyan.product.v1.ProductService/ImportProducts"
    shelves = [Category(category_id=row.category_id, slug=row.slug, name=row.name) for row in categories()]
    requests = [product.ImportProductsRequest(categories=shelves)]
    requests += [
        product.ImportProductsRequest(products=[_product(row) for row in part])
        for part in batches(products())
    ]
    for request in requests:
        await call(channel, method, request, product.ImportProductsResponse)


def _product(row: SeedProduct) -> Product:
    return Product(
        product_id=row.product_id,
        name=row.name,
        description=row.description,
        category_id=row.category_id,
        price=Money(minor_units=row.price_minor, currency_code=CURRENCY),
        weight_grams=row.weight_grams,
        attributes=row.attributes,
    )


async def seed_inventory(channel: grpc.aio.Channel) -> None:
    """Stock for every product that has none."""
    method = "/banyan.inventory.v1.InventoryService/ImportStock"
    for part in batches(products()):
        items = [StockItem(product_id=row.product_id, quantity=row.stock) for row in part]
        await call(channel, method, inventory.ImportStockRequest(items=items), inventory.ImportStockResponse)


async def seed_user(channel: grpc.aio.Channel, staff: dict[str, str] | None) -> None:
    """Customers, and the member of staff when there is one to make."""
    requests = [
        user.EnsureUserRequest(
            user_id=row.user_id,
            email=row.email,
            password=CUSTOMER_PASSWORD,
            display_name=row.name,
            roles=[ROLE_CUSTOMER],
        )
        for row in CUSTOMERS
    ]
    if staff:
        roles = [ROLE_CUSTOMER, ROLE_STAFF]
        requests.append(user.EnsureUserRequest(**staff, display_name="Staff", roles=roles))
    for request in requests:
        await call(channel, "/banyan.user.v1.UserService/EnsureUser", request, user.EnsureUserResponse)


def from_environment() -> dict[str, Any]:
    """The task of a job in a cluster; SystemExit that names the variable that is missing."""
    try:
        pairs = os.environ["SEED_ADDRESSES"].split(",")
        staff = {"email": os.environ[EMAIL_VARIABLE], "password": os.environ[PASSWORD_VARIABLE]}
    except KeyError as missing:
        raise SystemExit(f"error: {missing.args[0]} is not set") from None
    return {"addresses": dict(pair.split("=", 1) for pair in pairs), "staff": staff}


async def main() -> None:
    """All parts at once."""
    task = from_environment() if "--from-environment" in sys.argv[1:] else json.load(sys.stdin)
    channels = {name: grpc.aio.insecure_channel(where) for name, where in task["addresses"].items()}
    parts = []
    if "product" in channels:
        parts.append(seed_product(channels["product"]))
    if "inventory" in channels:
        parts.append(seed_inventory(channels["inventory"]))
    if "user" in channels:
        parts.append(seed_user(channels["user"], task["staff"]))
    try:
        await asyncio.gather(*parts)
    finally:
        await asyncio.gather(*(channel.close() for channel in channels.values()))


if __name__ == "__main__":
    asyncio.run(main())
