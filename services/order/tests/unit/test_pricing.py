"""Money and prices: whole minor units, nothing from the client, limits of the contracts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from order.domain.customer import share_of
from order.domain.errors import (
    CartEmpty,
    CurrencyMismatch,
    DuplicateItem,
    OrderTooLarge,
    ParcelTooHeavy,
    ProductUnavailable,
)
from order.domain.money import Money, total_of
from order.domain.order import Item
from order.domain.pricing import (
    MAX_CHARGE_MINOR_UNITS,
    MAX_PARCEL_GRAMS,
    Product,
    check_items,
    parcel_grams,
    price_lines,
    quote,
)
from services.order.tests.builders import NOW, a_line, an_order, eur

amounts = st.integers(min_value=0, max_value=10**12)


@given(st.lists(amounts, max_size=50))
def test_a_total_is_the_sum_of_its_amounts(minors: list[int]) -> None:
    assert total_of((eur(minor) for minor in minors), "EUR") == eur(sum(minors))


@given(amounts, amounts)
def test_taking_away_what_was_added_gives_back_the_first(left: int, right: int) -> None:
    assert eur(left) + eur(right) - eur(right) == eur(left)


@given(st.integers(1, 100_000_000), st.integers(1, 99))
def test_a_line_costs_its_price_as_often_as_its_quantity(price: int, quantity: int) -> None:
    assert a_line(price=price, quantity=quantity).total == total_of([eur(price)] * quantity, "EUR")


@pytest.mark.parametrize("minor", [-1, 2**63])
def test_money_out_of_range_cannot_be_made(minor: int) -> None:
    with pytest.raises(ValueError, match="out of range"):
        eur(minor)


def test_currencies_do_not_mix() -> None:
    with pytest.raises(CurrencyMismatch) as error:
        eur(1) + Money(1, "USD")
    assert error.value.metadata == {"expected": "EUR", "found": "USD"}


def test_lines_take_name_price_and_weight_from_the_catalogue() -> None:
    (line,) = price_lines([Item("a", 3)], {"a": Product("a", "Mug", eur(1_299), 310)}, "EUR")
    assert (line.name, line.unit_price, line.unit_weight_grams, line.total) == (
        "Mug",
        eur(1_299),
        310,
        eur(3_897),
    )


def test_all_products_that_are_not_on_sale_are_named() -> None:
    with pytest.raises(ProductUnavailable) as error:
        price_lines([Item("a", 1), Item("b", 1), Item("c", 1)], {"b": Product("b", "Mug", eur(1), 1)}, "EUR")
    assert error.value.product_ids == ("a", "c")
    assert len(error.value.violations) == 2


def test_a_price_in_another_currency_is_refused() -> None:
    with pytest.raises(CurrencyMismatch):
        price_lines([Item("a", 1)], {"a": Product("a", "Mug", Money(1, "USD"), 1)}, "EUR")


def test_no_items_and_a_product_on_two_lines_are_refused() -> None:
    with pytest.raises(CartEmpty):
        check_items([])
    with pytest.raises(DuplicateItem) as error:
        check_items([Item("a", 1), Item("b", 1), Item("a", 2)])
    assert error.value.violations == [("items[2].product_id", "is given twice")]


def test_a_parcel_weighs_what_its_lines_weigh_up_to_the_contracts_limit() -> None:
    lines = [a_line(quantity=3), a_line(quantity=1)]
    assert parcel_grams(lines) == 4 * 300
    with pytest.raises(ParcelTooHeavy):
        parcel_grams([a_line(quantity=99)] * (MAX_PARCEL_GRAMS // (99 * 300) + 1))


def test_a_total_above_one_charge_is_refused() -> None:
    line = a_line(price=MAX_CHARGE_MINOR_UNITS, quantity=1)
    assert quote((line,), eur(0)).total.minor == MAX_CHARGE_MINOR_UNITS
    with pytest.raises(OrderTooLarge):
        quote((line,), eur(1))


@given(st.integers(1, 10_000_000))
def test_points_are_one_for_each_whole_unit_of_a_confirmed_total(price: int) -> None:
    order = an_order(lines=(a_line(price=price, quantity=1),)).confirmed(NOW)
    assert share_of(order).loyalty_points == (price + 499) // 100


def test_an_order_that_goes_full_circle_leaves_nothing_at_its_customer() -> None:
    order = an_order()
    assert share_of(order).open_amount == order.total.minor
    confirmed = order.confirmed(NOW)
    assert share_of(confirmed).open_amount == 0
    assert share_of(confirmed.cancelling(NOW)).lifetime_value == 0
    assert share_of(confirmed.cancelling(NOW).cancelled(NOW)) == share_of(order.rejected("X", NOW))
