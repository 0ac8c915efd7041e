"""Between the contract's messages and the domain, in both directions; pure functions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from google.protobuf.timestamp_pb2 import Timestamp

from banyan.common.v1 import money_pb2
from banyan.product.v1 import product_pb2 as pb
from product.domain.product import Category, Money, Product


def product_message(product: Product) -> pb.Product:
    """A product as the wire has it."""
    return pb.Product(
        product_id=product.product_id,
        name=product.name,
        description=product.description,
        category_id=product.category_id,
        price=money_pb2.Money(
            minor_units=product.price.minor_units, currency_code=product.price.currency_code
        ),
        weight_grams=product.weight_grams,
        attributes=product.attributes,
        etag=product.etag,
        create_time=timestamp(product.created_at),
        update_time=timestamp(product.updated_at),
    )


def category_message(category: Category) -> pb.Category:
    """A category as the wire has it."""
    return pb.Category(
        category_id=category.category_id,
        slug=category.slug,
        name=category.name,
        product_count=category.product_count,
    )


def new_product(message: pb.Product, product_id: str, now: datetime) -> Product:
    """A product to put on sale; what the service sets itself is not taken from the message."""
    return Product(
        product_id=product_id,
        name=message.name,
        description=message.description,
        category_id=message.category_id,
        price=_money(message),
        weight_grams=message.weight_grams,
        attributes=dict(message.attributes),
        created_at=now,
        updated_at=now,
    )


def new_category(message: pb.Category, category_id: str) -> Category:
    """A category to add."""
    return Category(category_id=category_id, slug=message.slug, name=message.name)


def changes(message: pb.Product, paths: list[str]) -> Mapping[str, object]:
    """The masked fields of `message` as the domain names them; unknown paths stay, for the use case to refuse."""
    values: dict[str, object] = {
        "name": message.name,
        "description": message.description,
        "category_id": message.category_id,
        "price": _money(message),
        "weight_grams": message.weight_grams,
        "attributes": dict(message.attributes),
    }
    # `price.minor_units` and the like mean the whole price: an amount without its currency says nothing.
    names = dict.fromkeys("price" if path.startswith("price.") else path for path in paths)
    names.pop("etag", None)
    return {name: values.get(name) for name in names}


def timestamp(moment: datetime) -> Timestamp:
    """A moment as the wire has it."""
    stamp = Timestamp()
    stamp.FromDatetime(moment.astimezone(UTC))
    return stamp


def _money(message: pb.Product) -> Money:
    return Money(message.price.minor_units, message.price.currency_code)
