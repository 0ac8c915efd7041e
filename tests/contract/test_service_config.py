"""Time-outs and retries: every RPC has one time-out, and only what may run twice is retried."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any, Final

from tests.contract.contracts import PROTOS, Rpc, report, rpcs

FILE: Final = PROTOS / "config/service_config.json"
DEFAULT_BUDGET_MILLIS: Final = 2000
LONGEST_S: Final = 10.0
LONGEST_IMPORT_S: Final = 30.0
READS: Final = ("Get", "List", "BatchGet", "Quote")
# Calls that change something and are still safe to run twice, each with the reason.
REPEATABLE: Final = {
    "CartService/PutItem": "sets a quantity",
    "CartService/RemoveItem": "takes out what may be out already",
    "CartService/ClearCart": "empties what may be empty already",
    "CartService/MergeCart": "the larger quantity wins",
    "InventoryService/Reserve": "one reservation for each order",
    "InventoryService/CommitReservation": "a committed one stays committed",
    "InventoryService/ReleaseReservation": "a released one stays released",
    "PaymentService/Charge": "one payment for each request_id",
    "PaymentService/RefundOrder": "pays back what is left",
    "ShippingService/VoidShipment": "a voided one stays voided",
}
IMPORTS: Final = ("ProductService/ImportProducts", "InventoryService/ImportStock")


def document() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(FILE.read_text())
    return found


def entries() -> list[tuple[str, str, dict[str, Any]]]:
    """Service, method and their entry, for each name of the file."""
    return [
        (name.get("service", ""), name.get("method", ""), entry)
        for entry in document()["methodConfig"]
        for name in entry["name"]
    ]


def short(rpc: Rpc) -> str:
    """`CartService/GetCart`."""
    return rpc.name.rsplit(".", 1)[1]


def config_of(rpc: Rpc) -> dict[str, Any]:
    """The entry that gRPC would choose: the method's, its service's, or the default."""
    by_name = {(service, method): entry for service, method, entry in entries()}
    service, method = rpc.name.split("/")
    for key in ((service, method), (service, ""), ("", "")):
        if key in by_name:
            return by_name[key]
    raise AssertionError(f"{rpc} has no entry and there is no default")


def seconds(duration: str) -> float:
    assert duration.endswith("s"), duration
    return float(duration[:-1])


def test_every_name_is_an_rpc() -> None:
    known = {rpc.name for rpc in rpcs()}
    report(
        [
            f"{service}/{method}"
            for service, method, _ in entries()
            if service and f"{service}/{method}" not in known
        ],
        "gone",
    )


def test_no_rpc_is_configured_twice() -> None:
    counts = Counter((service, method) for service, method, _ in entries())
    report(
        [f"{service}/{method}" for (service, method), count in counts.items() if count > 1],
        "which one counts?",
    )


def test_every_rpc_has_a_time_out_within_reason() -> None:
    problems = []
    for rpc in rpcs():
        timeout = seconds(config_of(rpc)["timeout"])
        longest = LONGEST_IMPORT_S if short(rpc) in IMPORTS else LONGEST_S
        if not 0 < timeout <= longest:
            problems.append(f"{rpc}: {timeout:g} s")
    report(problems, "a call that takes longer is lost")


def test_reads_end_within_the_budget_of_their_route() -> None:
    """A longer time-out would never be seen. Of what changes something the budget may end the waiting, not the work."""
    problems = [
        f"{rpc}: {timeout:g} s of {budget / 1000:g} s"
        for rpc in rpcs()
        if rpc.is_public and short(rpc).split("/")[1].startswith(READS)
        if (timeout := seconds(config_of(rpc)["timeout"]))
        > (budget := rpc.budget_millis or DEFAULT_BUDGET_MILLIS) / 1000
    ]
    report(problems, "shorter, or a longer budget_millis")


def test_retries_are_for_unavailable_and_few() -> None:
    problems = []
    for service, method, entry in entries():
        policy = entry.get("retryPolicy")
        if policy is None:
            continue
        if policy["retryableStatusCodes"] != ["UNAVAILABLE"]:
            problems.append(f"{service}/{method}: {policy['retryableStatusCodes']}")
        if not 2 <= policy["maxAttempts"] <= 5:
            problems.append(f"{service}/{method}: {policy['maxAttempts']} attempts")
        if seconds(policy["maxBackoff"]) >= seconds(entry["timeout"]):
            problems.append(f"{service}/{method}: waits longer than it has time")
    report(problems, "only UNAVAILABLE means that nothing has happened")


def test_only_what_may_run_twice_is_retried() -> None:
    problems = [
        rpc.name
        for rpc in rpcs()
        if "retryPolicy" in config_of(rpc)
        and not short(rpc).split("/")[1].startswith(READS)
        and short(rpc) not in REPEATABLE
    ]
    report(problems, "say in REPEATABLE why it may run twice")


def test_the_list_of_repeatable_calls_is_true() -> None:
    retried = {short(rpc) for rpc in rpcs() if "retryPolicy" in config_of(rpc)}
    report(sorted(set(REPEATABLE) - retried), "not retried: take it off the list")


def test_reads_are_retried() -> None:
    missing = [
        rpc.name
        for rpc in rpcs()
        if short(rpc).split("/")[1].startswith(READS) and "retryPolicy" not in config_of(rpc)
    ]
    report(missing, "a read may always run twice")


def test_retries_have_a_budget_and_calls_are_spread() -> None:
    throttling = document()["retryThrottling"]
    assert 0 < throttling["tokenRatio"] < 1 and throttling["maxTokens"] <= 1000
    assert document()["loadBalancingConfig"] == [{"round_robin": {}}]
