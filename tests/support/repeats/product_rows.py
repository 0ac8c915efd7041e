"""Changes to the catalogue and to stock, by staff."""

from __future__ import annotations

import uuid

from tests.support.goods import new_product
from tests.support.repeats.case import Ask, Case, Mutation, World


def _create_category(world: World, caller: int) -> Case:
    who = world.staff[caller]
    slugs = [f"c-{uuid.uuid4().hex}" for _ in "ab"]
    first, other = (Ask("POST", "/v1/categories", {"slug": slug, "name": slug}) for slug in slugs)

    def seen() -> list[str]:
        found = who.get("/v1/categories")["categories"]
        return sorted(each["slug"] for each in found if each["slug"] in slugs)

    return Case(who, first, other, seen)


def _create_product(world: World, caller: int) -> Case:
    who, tag = world.staff[caller], uuid.uuid4().hex
    category = who.get("/v1/categories")["categories"][0]["categoryId"]
    price = {"minorUnits": "100", "currencyCode": "EUR"}
    first, other = (
        Ask(
            "POST",
            "/v1/products",
            {"name": f"{tag} {name}", "categoryId": category, "price": price, "weightGrams": 1},
        )
        for name in "ab"
    )

    def seen() -> list[str]:
        found = who.get(f"/v1/products?nameContains={tag}").get("products", [])
        return sorted(each["productId"] for each in found)

    return Case(who, first, other, seen)


def _update_product(world: World, caller: int) -> Case:
    who = world.staff[caller]
    path = f"/v1/products/{new_product(who, stock=0)}"
    first, other = (Ask("PATCH", path, {"name": uuid.uuid4().hex}) for _ in "ab")
    return Case(who, first, other, lambda: who.get(path))


def _delete_product(world: World, caller: int) -> Case:
    who = world.staff[caller]
    paths = [f"/v1/products/{new_product(who, stock=0)}" for _ in "ab"]
    first, other = (Ask("DELETE", path) for path in paths)
    return Case(who, first, other, lambda: [who.http.get(path).status_code for path in paths])


def _stock(world: World, caller: int, method: str, verb: str, field: str) -> Case:
    who = world.staff[caller]
    path = f"/v1/stock/{new_product(who, stock=1)}"
    first, other = (Ask(method, f"{path}{verb}", {field: quantity}) for quantity in ("3", "5"))
    return Case(who, first, other, lambda: who.get(path))


PRODUCT = (
    Mutation("product.CreateCategory", _create_category),
    Mutation("product.CreateProduct", _create_product),
    Mutation("product.UpdateProduct", _update_product),
    Mutation("product.DeleteProduct", _delete_product),
)
INVENTORY = (
    Mutation("inventory.UpdateStock", lambda world, caller: _stock(world, caller, "PUT", "", "onHand")),
    Mutation(
        "inventory.ReceiveGoods", lambda world, caller: _stock(world, caller, "POST", ":receive", "quantity")
    ),
)
