"""What a chaos run concludes from what it saw: recovery times, promises, figures, the report."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from local.chaos.books import COULD_NOT_CHECK, Books, read
from local.chaos.figures import Outcome, as_json
from local.chaos.kinds import Strike, touched
from local.chaos.plot import draw
from local.chaos.records import Placed, Records, Request, Struck, Try
from local.chaos.recovery import WINDOW_S as RECOVERY_WINDOW_S
from local.chaos.recovery import measure, recovered_after
from local.chaos.report import write
from local.chaos.settling import Settled
from local.chaos.verdict import WINDOW_S, Promise, judge, lost, strangers, worst_window

CONFIRMED, PENDING, REJECTED = (f"ORDER_STATE_{name}" for name in ("CONFIRMED", "PENDING", "REJECTED"))
CANCELLED, FULFILLED = "ORDER_STATE_CANCELLED", "ORDER_STATE_FULFILLED"
CHECKED = {"charged-once": 9, "stock-balance": 9, "order-sums": 9}
GOOD_BOOKS = Books(0, {}, CHECKED)


WORST = f"availability of browsing in its worst {WINDOW_S:g} s"


def tries(*outcomes: tuple[float, bool]) -> list[Try]:
    return [Try(at, 0.05, 201 if good else 503) for at, good in outcomes]


def steadily(start: float, end: float, good: bool) -> list[tuple[float, bool]]:
    return [(start + index / 4, good) for index in range(int((end - start) * 4))]


def struck(kind: str, target: str, recovery_s: float | None, number: int = 1) -> Struck:
    strike = Strike(number=number, at_s=10.0, lasts_s=0.0, kind=kind, target=target, touches=touched(target))
    return Struck(strike, 10.0, 10.0, recovery_s=recovery_s)


def placed(order_id: str, told: str, *, asked: bool = False, key: str = "k") -> Placed:
    return Placed(key, 0, {}, order_id, told, 1.0, asked)


def browsed(good: int, bad: int) -> Records:
    requests = [Request("browse", 1.0, tries((1.0, index < good)), 1.1) for index in range(good + bad)]
    return Records(requests=requests)


def visits(seconds: int, bad: set[int], each_s: int = 15) -> Records:
    """`each_s` visits in every second; those of `bad` seconds fail once each."""
    return Records(
        requests=[
            Request(
                "browse", second + index / each_s, tries((second, index > 0 or second not in bad)), second + 1
            )
            for second in range(seconds)
            for index in range(each_s)
        ]
    )


def promises(
    records: Records, settled: Settled | None = None, books: Books | None = GOOD_BOOKS
) -> dict[str, Promise]:
    found = judge(records, settled or Settled({}, 3.0), books, [])
    return {each.name: each for each in found}


def test_recovery_is_the_time_until_two_good_seconds_begin() -> None:
    seen = tries(*steadily(0, 10, True), *steadily(10, 13, False), *steadily(13, 20, True))
    assert recovered_after(seen, 10.0, 20.0) == pytest.approx(2.75, abs=0.01)
    assert recovered_after(seen, 2.0, 20.0) == 0.0


def test_recovery_that_nobody_saw_is_none() -> None:
    failing = tries(*steadily(0, 20, False))
    assert recovered_after(failing, 10.0, 20.0) is None
    too_late = tries(*steadily(0, 10, False), *steadily(10, 10 + RECOVERY_WINDOW_S, True))
    assert recovered_after(too_late, 0.0, 10 + RECOVERY_WINDOW_S / 2) is None
    assert recovered_after(tries((11.0, True)), 10.0, 20.0) is None, "one order proves nothing"


def test_recovery_is_looked_for_until_the_next_fault_only() -> None:
    first, second = struck("kill", "order-1", None), struck("kill", "order-2", None, 2)
    second.began_s = second.ended_s = 13.0
    measure(
        [second, first],
        tries(*steadily(0, 10, True), *steadily(10, 14, False), *steadily(14, 30, True)),
        30.0,
    )
    assert first.recovery_s is None
    assert second.recovery_s == pytest.approx(0.75, abs=0.01)


@pytest.mark.parametrize(
    ("order", "now"),
    [
        (placed("a", PENDING), REJECTED),
        (placed("a", CONFIRMED), FULFILLED),
        (placed("a", CONFIRMED, asked=True), CANCELLED),
        (placed("a", REJECTED), REJECTED),
    ],
)
def test_orders_may_go_on_in_legal_ways(order: Placed, now: str) -> None:
    assert lost([order], Settled({"a": now})) == []


@pytest.mark.parametrize(
    ("order", "now"),
    [
        (placed("a", CONFIRMED), CANCELLED),
        (placed("a", CONFIRMED, asked=True), REJECTED),
        (placed("a", REJECTED), CONFIRMED),
        (placed("a", FULFILLED, asked=True), CANCELLED),
    ],
)
def test_what_was_promised_may_not_turn_into_something_else(order: Placed, now: str) -> None:
    (case,) = lost([order], Settled({"a": now}))
    assert now in case


def test_a_promised_order_that_is_gone_is_lost_and_so_is_one_without_any_answer() -> None:
    assert "is gone" in lost([placed("a", PENDING)], Settled({}))[0]
    assert "never answered" in lost([placed("", "", key="k1")], Settled({}))[0]
    assert lost([placed("", "CART_EMPTY")], Settled({})) == []


def test_an_order_that_no_client_knows_is_told() -> None:
    settled = Settled({"a": CONFIRMED, "b": CONFIRMED})
    assert strangers([placed("a", CONFIRMED)], settled) == [f"b ({CONFIRMED})"]


def test_a_run_without_any_trouble_keeps_every_promise() -> None:
    records = browsed(1000, 0)
    records.struck = [struck("kill", "order-1", 1.5), struck("kill", "postgres", 12.0, 2)]
    assert all(each.kept for each in promises(records).values())


@pytest.mark.parametrize(
    ("name", "records", "books"),
    [
        ("double charges", Records(), Books(1, {"charged-once": ["x"]}, CHECKED)),
        ("oversold units", Records(), Books(1, {"stock-balance": ["x"]}, CHECKED)),
        ("other violations in the books", Records(), Books(1, {"order-sums": ["x"]}, CHECKED)),
        ("other violations in the books", Records(), Books(COULD_NOT_CHECK, {}, CHECKED, "not at rest")),
        ("double charges", Records(), None),
        ("oversold units", Records(), Books(0, {}, {})),
        (WORST, visits(600, set(range(300, 305))), GOOD_BOOKS),
        ("answers that must never be given", Records(odd=["one key, two orders"]), GOOD_BOOKS),
        (
            "orders well again after kill -9 of any other process",
            Records(struck=[struck("kill", "cart-1", 10.1)]),
            GOOD_BOOKS,
        ),
        (
            "orders well again after kill -9 of a store",
            Records(struck=[struck("kill", "nats", None)]),
            GOOD_BOOKS,
        ),
    ],
)
def test_each_promise_can_be_broken(name: str, records: Records, books: Books | None) -> None:
    found = promises(records, books=books)
    assert [each.name for each in found.values() if not each.kept and each.found != "not audited"] == [
        name
    ] or (not found[name].kept and found[name].found == "not audited")


def test_browsing_is_judged_over_all_and_at_its_worst() -> None:
    at_the_border = promises(browsed(99, 1))
    assert at_the_border["availability of browsing"].kept and at_the_border[WORST].kept
    below = promises(browsed(989, 11))
    assert not below["availability of browsing"].kept and not below[WORST].kept


@pytest.mark.parametrize("first", [0, 300, 595])
def test_the_worst_half_minute_is_found_wherever_it_is(first: int) -> None:
    """4 of 450 or so are below 1 %, 5 are not; over ten minutes both are next to nothing."""
    few = visits(600, set(range(first, first + 4)))
    assert promises(few)[WORST].kept
    many = visits(600, set(range(first, first + 5)))
    share, since_s = worst_window(many)
    assert share == pytest.approx(1 - 5 / 451, abs=0.0001)
    assert since_s - 0.1 <= first <= since_s + WINDOW_S
    assert promises(many)["availability of browsing"].kept
    assert not promises(many)[WORST].kept


def test_nobody_who_looked_was_turned_away() -> None:
    assert worst_window(Records()) == (1.0, 0.0)


def test_unfinished_orders_unready_processes_and_failed_faults_break_the_run() -> None:
    failed = replace(struck("restart", "order-1", 0.0), trouble="does not start")
    found = judge(Records(struck=[failed]), Settled({"a": PENDING}), GOOD_BOOKS, ["order-2"])
    broken = {each.name: each.cases for each in found if not each.kept}
    assert broken["orders unfinished 60 s after the last fault"] == (f"a is {PENDING}",)
    assert broken["faults that could not be done or undone"] == (
        "fault 1 (restart order-1): does not start",
        "order-2 is not ready at the end",
    )


def test_a_violation_is_read_from_the_audits_document() -> None:
    document = {
        "moving": {},
        "invariants": [
            {
                "name": "charged-once",
                "checked": 3,
                "violations": [{"id": "o1", "what": "charged twice", "figures": {"charges": 2}}],
            },
            {"name": "order-sums", "checked": 3, "violations": []},
            {
                "name": "mails-server",
                "checked": 2,
                "figures": {"sent": 2, "taken": 2, "repeated": 1},
                "violations": [
                    {"id": "m1", "what": "it is SENT", "figures": {"sent": 1, "taken": 2}},
                    {"id": "m2", "what": "it is SENT", "figures": {"sent": 1, "taken": 0}},
                ],
            },
        ],
    }
    books = read(document, 1)
    assert books.violations == {
        "charged-once": ["o1  charged twice: charges 2"],
        "mails-server": ["m1  it is SENT: sent 1, taken 2", "m2  it is SENT: sent 1, taken 0"],
    }
    assert books.repeated_mails == 1
    assert books.checked == {"charged-once": 3, "order-sums": 3, "mails-server": 2}


def outcome() -> Outcome:
    records = browsed(50, 1)
    records.requests += [
        Request("order", at, [each], at + 1) for each in tries((2.0, True), (3.0, False)) for at in (2.0,)
    ]
    records.orders = [placed("a", CONFIRMED), placed("", "CART_EMPTY", key="<k>")]
    records.struck = [struck("kill", "order-1", 1.25)]
    settled = Settled({"a": CONFIRMED}, 2.0)
    return Outcome(
        seed=7,
        seconds=60,
        rate=5,
        machine="2 cores",
        began="2026-01-01T00:00:00+00:00",
        kinds=["kill"],
        planned=1,
        records=records,
        settled=settled,
        books=GOOD_BOOKS,
        promises=[Promise("double charges", "0", "1", False, ("order <a>: two",))],
    )


def test_the_report_tells_everything_in_one_file_and_as_json(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "run.html"
    beside = write(outcome(), path)
    text = path.read_text()
    assert "<svg" in text and "promises were broken" in text and "order &lt;a&gt;: two" in text
    assert not any(outside in text for outside in ('src="', "<script", "@import"))
    document = json.loads(beside.read_text())
    assert document == json.loads(json.dumps(as_json(outcome())))
    assert document["faults"][0]["recovery_s"] == 1.25
    assert document["orders"] == {"CONFIRMED": 1, "CART_EMPTY": 1}
    assert document["failed_tries"]["order"] == {"503": 1}


def test_the_plot_names_each_kind_of_fault_and_what_was_counted() -> None:
    drawing = draw(outcome().records, 60.0)
    assert all(f">{word}<" in drawing for word in ("kill", "orders served", "pages served", "tries failed"))
