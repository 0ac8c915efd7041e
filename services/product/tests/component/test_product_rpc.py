"""The served product service: over the wire, on a real database and broker."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import nats
import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message

from banyan.common.v1.money_pb2 import Money
from banyan.product.v1 import product_events_pb2, product_pb2
from banyan.product.v1 import product_service_pb2 as pb
from meshkit.clock import uuid7
from meshkit.errors import RemoteError
from meshkit.testing import Running, eventually

R = TypeVar("R", bound=Message)
STAFF = [("banyan-user", uuid7()), ("banyan-roles", "customer,staff")]
CUSTOMER = [("banyan-user", uuid7()), ("banyan-roles", "customer")]


async def call(
    served: Running, rpc: str, request: Message, kind: type[R], who: Sequence[tuple[str, str]] = STAFF
) -> R:
    return await served.channel.unary(
        f"/banyan.product.v1.ProductService/{rpc}", request, kind, metadata=who, timeout_s=20
    )


async def create(served: Running, name: str = "Hammer", request_id: str = "") -> product_pb2.Product:
    category = product_pb2.Category(slug=f"c-{uuid7()}", name="Tools")
    shelf = await call(
        served, "CreateCategory", pb.CreateCategoryRequest(category=category), pb.CreateCategoryResponse
    )
    wanted = product_pb2.Product(
        name=name,
        category_id=shelf.category.category_id,
        price=Money(minor_units=1299, currency_code="EUR"),
        weight_grams=700,
    )
    request = pb.CreateProductRequest(product=wanted, request_id=request_id)
    return (await call(served, "CreateProduct", request, pb.CreateProductResponse)).product


async def test_created_product_is_read_and_told(served: Running, nats_server: str) -> None:
    made = await create(served)
    got = await call(
        served, "GetProduct", pb.GetProductRequest(product_id=made.product_id), pb.GetProductResponse, []
    )
    assert got.product == made
    client = await nats.connect(nats_server)
    try:
        stream = client.jetstream()
        told = await eventually(lambda: _last(stream, "product.changed"))
        assert told is not None
        assert product_events_pb2.ProductChanged.FromString(told.data or b"").product == made
        assert (told.headers or {})["ce-type"] == "banyan.product.v1.ProductChanged"
    finally:
        await client.close()


async def _last(stream: nats.js.JetStreamContext, subject: str) -> nats.js.api.RawStreamMsg | None:
    try:
        return await stream.get_last_msg("PRODUCT", subject)
    except nats.js.errors.NotFoundError:
        return None


async def test_same_key_and_body_creates_once(served: Running) -> None:
    category = product_pb2.Category(slug="tools", name="Tools")
    request = pb.CreateCategoryRequest(category=category, request_id="key-1")
    first = await call(served, "CreateCategory", request, pb.CreateCategoryResponse)
    assert await call(served, "CreateCategory", request, pb.CreateCategoryResponse) == first
    request.category.name = "Other"
    with pytest.raises(RemoteError) as caught:
        await call(served, "CreateCategory", request, pb.CreateCategoryResponse)
    assert caught.value.reason == "IDEMPOTENCY_KEY_REUSED"


async def test_update_changes_only_masked_fields(served: Running) -> None:
    made = await create(served)
    request = pb.UpdateProductRequest(
        product_id=made.product_id,
        product=product_pb2.Product(name="Mallet", etag=made.etag),
        update_mask=FieldMask(paths=["name"]),
    )
    changed = (await call(served, "UpdateProduct", request, pb.UpdateProductResponse)).product
    assert (changed.name, changed.price, changed.weight_grams) == ("Mallet", made.price, made.weight_grams)
    with pytest.raises(RemoteError) as caught:
        await call(served, "UpdateProduct", request, pb.UpdateProductResponse)
    assert (caught.value.kind, caught.value.reason) == ("aborted", "ETAG_MISMATCH")


async def test_unknown_mask_is_refused_by_name(served: Running) -> None:
    made = await create(served)
    request = pb.UpdateProductRequest(product_id=made.product_id, update_mask=FieldMask(paths=["colour"]))
    with pytest.raises(RemoteError) as caught:
        await call(served, "UpdateProduct", request, pb.UpdateProductResponse)
    assert caught.value.violations[0][0] == "update_mask"


async def test_deleted_product_is_gone(served: Running) -> None:
    made = await create(served)
    await call(
        served, "DeleteProduct", pb.DeleteProductRequest(product_id=made.product_id), pb.DeleteProductResponse
    )
    with pytest.raises(RemoteError) as caught:
        await call(
            served, "GetProduct", pb.GetProductRequest(product_id=made.product_id), pb.GetProductResponse
        )
    assert caught.value.reason == "PRODUCT_NOT_FOUND"


async def test_pages_follow_their_token(served: Running) -> None:
    for name in ("b", "a", "c"):
        await create(served, name)
    request = pb.ListProductsRequest(page_size=2)
    first = await call(served, "ListProducts", request, pb.ListProductsResponse, [])
    request.page_token = first.next_page_token
    second = await call(served, "ListProducts", request, pb.ListProductsResponse, [])
    assert [each.name for each in [*first.products, *second.products]] == ["a", "b", "c"]
    assert second.next_page_token == ""
    request.order_by = "price"
    with pytest.raises(RemoteError) as caught:
        await call(served, "ListProducts", request, pb.ListProductsResponse, [])
    assert caught.value.reason == "PAGE_TOKEN_INVALID"


@pytest.mark.parametrize("order_by", ["weight", "name up", "name desc extra"])
async def test_unknown_order_is_refused_by_name(served: Running, order_by: str) -> None:
    with pytest.raises(RemoteError) as caught:
        await call(
            served, "ListProducts", pb.ListProductsRequest(order_by=order_by), pb.ListProductsResponse, []
        )
    assert [field for field, _ in caught.value.violations] == ["order_by"], repr(caught.value)


@pytest.mark.parametrize("rpc", ["CreateProduct", "UpdateProduct", "DeleteProduct", "CreateCategory"])
async def test_only_staff_change_the_catalogue(served: Running, rpc: str) -> None:
    request, response = getattr(pb, f"{rpc}Request")(), getattr(pb, f"{rpc}Response")
    for who, kind in ((CUSTOMER, "permission_denied"), ([], "unauthenticated")):
        with pytest.raises(RemoteError) as caught:
            await call(served, rpc, request, response, who)
        assert caught.value.kind in {kind, "permission_denied"}
