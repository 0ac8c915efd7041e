"""What every RPC owes its callers: an access, a route or none, idempotency, pages, money and time of one kind."""

from __future__ import annotations

import re
from collections import Counter
from typing import Final

import pytest
from google.protobuf.descriptor import FieldDescriptor

from tests.contract.contracts import Rpc, messages, report, rpcs, rules

PUBLIC, USER, STAFF, INTERNAL = "ACCESS_PUBLIC", "ACCESS_USER", "ACCESS_STAFF", "ACCESS_INTERNAL"
# The routes that users of the shop were promised, and who may use them.
ROUTES: Final = {
    "POST /v1/users": PUBLIC,
    "POST /v1/sessions": PUBLIC,
    "POST /v1/sessions:refresh": PUBLIC,
    "DELETE /v1/sessions/current": USER,
    "GET /v1/users/me": USER,
    "PATCH /v1/users/me": USER,
    "GET /v1/products": PUBLIC,
    "GET /v1/products/{product_id}": PUBLIC,
    "POST /v1/products": STAFF,
    "PATCH /v1/products/{product_id}": STAFF,
    "DELETE /v1/products/{product_id}": STAFF,
    "GET /v1/categories": PUBLIC,
    "GET /v1/cart": PUBLIC,
    "DELETE /v1/cart": PUBLIC,
    "PUT /v1/cart/items/{product_id}": PUBLIC,
    "DELETE /v1/cart/items/{product_id}": PUBLIC,
    "GET /v1/stock/{product_id}": PUBLIC,
    "PUT /v1/stock/{product_id}": STAFF,
    "POST /v1/orders:quote": USER,
    "POST /v1/orders": USER,
    "GET /v1/orders": USER,
    "GET /v1/orders/{order_id}": USER,
    "POST /v1/orders/{order_id}:cancel": USER,
    "GET /v1/orders/{order_id}/timeline": USER,
    "GET /v1/customers/me": USER,
    "GET /v1/payments": USER,
    "POST /v1/payments/{payment_id}:refund": STAFF,
    "GET /v1/shipments": USER,
    "GET /v1/shipments/{shipment_id}": USER,
    "POST /v1/shipping:quote": PUBLIC,
    "GET /v1/recipient": USER,
    "PUT /v1/recipient": USER,
    "GET /v1/notifications": USER,
    "GET /v1/notifications/preferences": USER,
    "PUT /v1/notifications/preferences": USER,
}
# Public RPCs that change something and take no key, each with what makes a repeat harmless.
WITHOUT_KEY: Final = {
    "CreateSession": "the answer is a credential, which nobody keeps; a repeat is another session",
    "RefreshSession": "the same; a token is good once, which is the point",
    "DeleteCurrentSession": "ends what may have ended already",
}
COMPLETE_LISTS: Final = {"ListCategories": "at most 1,000, told whole"}
READS: Final = ("Get", "List", "BatchGet", "Quote")
TRUE_ON_REPEAT: Final = ("Ensure", "Import")


def named(rpc: Rpc) -> str:
    return rpc.method.name


def test_every_rpc_says_who_may_call_it() -> None:
    report(
        [rpc.name for rpc in rpcs() if rpc.access == "ACCESS_UNSPECIFIED"], "set (banyan.options.v1.access)"
    )


def test_internal_rpcs_have_no_route_and_all_others_have_one() -> None:
    report([rpc.name for rpc in rpcs() if rpc.is_public == (rpc.access == INTERNAL)], "a route, or INTERNAL")


def test_the_promised_routes_exist_for_whom_they_were_promised() -> None:
    found = {f"{rpc.verb} {rpc.path}": rpc.access for rpc in rpcs() if rpc.is_public}
    report(
        [f"{route} ({access})" for route, access in ROUTES.items() if found.get(route) != access],
        "missing or other",
    )


def test_no_two_rpcs_share_a_route() -> None:
    shapes = Counter((rpc.verb, re.sub(r"\{[^}]*\}", "{}", rpc.path)) for rpc in rpcs() if rpc.is_public)
    report([f"{verb} {path}" for (verb, path), count in shapes.items() if count > 1], "a route is one RPC's")


def test_routes_are_versioned_and_well_formed() -> None:
    well_known = {"/.well-known/jwks.json"}
    form = re.compile(r"/v1(/([a-z][A-Za-z0-9]*|\{[a-z_]+\}))+(:[a-z][A-Za-z]*)?")
    report(
        [
            f"{rpc}: {rpc.path}"
            for rpc in rpcs()
            if rpc.path and rpc.path not in well_known and not form.fullmatch(rpc.path)
        ],
        "/v1/things/{thing_id}:verb",
    )


def test_path_variables_are_checked_fields_of_the_request() -> None:
    problems = []
    for rpc in rpcs():
        for name in re.findall(r"\{([^}=]+)", rpc.path):
            field = rpc.request.fields_by_name.get(name)
            if field is None or field.type != FieldDescriptor.TYPE_STRING:
                problems.append(f"{rpc}: {name} is no text field of the request")
            elif not rules(field).string.uuid:
                problems.append(f"{rpc}: {name} is not checked to be an id")
    report(problems, "anything can stand in a path")


def test_verbs_bodies_and_statuses_fit_each_other() -> None:
    problems = []
    for rpc in (rpc for rpc in rpcs() if rpc.is_public):
        empty = not rpc.response.fields
        custom = ":" in rpc.path
        if (rpc.verb in ("GET", "DELETE")) == bool(rpc.body):
            problems.append(f"{rpc}: {rpc.verb} with body {rpc.body!r}")
        if empty != (rpc.http_status == 204):
            problems.append(f"{rpc}: status {rpc.http_status or 200} with {'no' if empty else 'a'} body")
        if rpc.http_status == 201 and (rpc.verb != "POST" or custom):
            problems.append(f"{rpc}: 201 is for POST to a collection")
        if rpc.verb == "POST" and not custom and rpc.http_status != 201:
            problems.append(f"{rpc}: POST to a collection makes something: 201")
        if rpc.verb == "GET" and rpc.idempotency != "IDEMPOTENCY_UNSPECIFIED":
            problems.append(f"{rpc}: a GET takes no key")
        if rpc.verb == "PATCH" and "update_mask" not in rpc.request.fields_by_name:
            problems.append(f"{rpc}: PATCH needs an update_mask")
    report(problems, "as users of REST expect")


def test_mutations_carry_a_request_id() -> None:
    problems = []
    for rpc in rpcs():
        field = rpc.request.fields_by_name.get("request_id")
        wants_key = rpc.idempotency != "IDEMPOTENCY_UNSPECIFIED"
        changes = rpc.is_public and rpc.verb != "GET" and not named(rpc).startswith(READS)
        if changes and not wants_key and named(rpc) not in WITHOUT_KEY:
            problems.append(f"{rpc}: set (banyan.options.v1.idempotency)")
        if wants_key and field is None:
            problems.append(f"{rpc}: takes a key and has no request_id")
        if field is not None and rules(field).string.max_len != 128:
            problems.append(f"{rpc}: request_id has at most 128 characters")
        if (
            rpc.idempotency == "IDEMPOTENCY_REQUIRED"
            and field is not None
            and rules(field).string.min_len < 1
        ):
            problems.append(f"{rpc}: request_id is required")
    report(problems, "a lost answer must be safe to ask for again")


def test_the_list_of_those_without_a_key_is_true() -> None:
    known = {named(rpc): rpc for rpc in rpcs()}
    idle = [
        name
        for name in WITHOUT_KEY
        if name not in known or "request_id" in known[name].request.fields_by_name
    ]
    report(idle + [name for name in COMPLETE_LISTS if name not in known], "take these off the list")


def test_lists_come_in_pages() -> None:
    problems = []
    for rpc in rpcs():
        if not named(rpc).startswith("List") or named(rpc) in COMPLETE_LISTS:
            continue
        fields = rpc.request.fields_by_name
        missing = {"page_size", "page_token"} - set(fields)
        if missing or "next_page_token" not in rpc.response.fields_by_name:
            problems.append(f"{rpc}: no {', '.join(sorted(missing)) or 'next_page_token'}")
        elif rules(fields["page_size"]).int32.lte != 100 or not rules(fields["page_token"]).string.max_len:
            problems.append(f"{rpc}: page_size is at most 100, page_token has a limit")
    report(problems, "a list grows")


def test_lists_and_batches_of_requests_have_a_limit() -> None:
    problems = [
        f"{rpc}: {field.name}"
        for rpc in rpcs()
        for field in rpc.request.fields
        if field.is_repeated and not rules(field).repeated.max_items and not rules(field).repeated.unique
        if named(rpc) != "EnsureUser"  # roles of an account, from the mesh itself
    ]
    report(problems, "nobody may send a million of them")


def test_no_amount_is_a_floating_point_number() -> None:
    floats = (FieldDescriptor.TYPE_FLOAT, FieldDescriptor.TYPE_DOUBLE)
    report(
        [field.full_name for message in messages() for field in message.fields if field.type in floats],
        "no floats",
    )


@pytest.mark.parametrize(
    ("ending", "wanted"),
    [
        (r"(^|_)(price|amount|subtotal|total|refunded|limit|value)$", "banyan.common.v1.Money"),
        (r"_time$", "google.protobuf.Timestamp"),
        (r"(^ttl|_in|_duration)$", "google.protobuf.Duration"),
        (r"_mask$", "google.protobuf.FieldMask"),
        (r"(^|_)address$", "banyan.common.v1.PostalAddress"),
    ],
)
def test_one_kind_of_thing_has_one_type(ending: str, wanted: str) -> None:
    problems = []
    for message in messages():
        for field in message.fields:
            if re.search(ending, field.name):
                actual = field.message_type.full_name if field.message_type else "a scalar"
                if actual != wanted:
                    problems.append(f"{field.full_name} is {actual}")
    report(problems, f"it should be {wanted}")


def test_nobody_names_the_user_in_a_request() -> None:
    """Identity is metadata set by the gateway; who may name others is staff or the mesh."""
    problems = [
        rpc.name
        for rpc in rpcs()
        if rpc.access in (PUBLIC, USER) and {"user_id", "customer_id"} & set(rpc.request.fields_by_name)
    ]
    report(problems, "whose it is says the token")


def test_budgets_are_bounded() -> None:
    report(
        [rpc.name for rpc in rpcs() if not 0 <= rpc.budget_millis <= 10_000],
        "nobody waits longer at the edge",
    )
    assert all(rpc.budget_millis == 0 for rpc in rpcs() if not rpc.is_public), "a budget is the edge's"
