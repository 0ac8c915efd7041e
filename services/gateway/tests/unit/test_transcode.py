"""The tables against `json_format`, which is the reference."""

from __future__ import annotations

import json
from typing import Any

import pytest
from google.protobuf import json_format
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.transcode.decode import MAX_DEPTH, JsonDecoder, parse_json
from gateway.transcode.encode import JsonEncoder
from gateway.transcode.errors import RequestError
from services.gateway.tests import sample
from services.gateway.tests.messages import any_message, same

proto = sample.load()
encoder, decoder = JsonEncoder(), JsonDecoder()
EVERYTHING = any_message(proto.Everything.DESCRIPTOR)
thorough = settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)


def decoded(value: Any) -> tuple[Any, list[tuple[str, str]]]:
    message = proto.Everything()
    violations: list[tuple[str, str]] = []
    decoder.read(message, value, violations)
    return message, violations


@thorough
@given(EVERYTHING)
def test_a_message_is_written_as_the_reference_writes_it(message: Any) -> None:
    assert same(json.loads(encoder.bytes_of(message)), json.loads(json_format.MessageToJson(message)))


@thorough
@given(EVERYTHING, st.booleans())
def test_what_the_reference_writes_is_read_as_the_same_message(message: Any, proto_names: bool) -> None:
    value = json_format.MessageToDict(message, preserving_proto_field_name=proto_names)
    read, violations = decoded(json.loads(json.dumps(value)))
    assert violations == []
    assert read.SerializeToString(deterministic=True) == _as_reference(value)


def _as_reference(value: Any) -> bytes:
    return bytes(json_format.ParseDict(value, proto.Everything()).SerializeToString(deterministic=True))


@thorough
@given(EVERYTHING)
def test_a_message_survives_the_way_out_and_back(message: Any) -> None:
    read, violations = decoded(parse_json(encoder.bytes_of(message)))
    assert violations == []
    assert same(json.loads(encoder.bytes_of(read)), json.loads(encoder.bytes_of(message)))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**64), 2**64) | st.floats() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)
NAMES = st.sampled_from([field.json_name for field in proto.Everything.DESCRIPTOR.fields])


@thorough
@given(st.dictionaries(NAMES, JSON, max_size=4))
def test_what_the_reference_refuses_is_refused_and_nothing_else_is_raised(value: dict[str, Any]) -> None:
    _, violations = decoded(value)
    try:
        json_format.ParseDict(value, proto.Everything())
    except (json_format.ParseError, ValueError, TypeError, OverflowError, AttributeError):
        assert violations != []


WRONG = [
    ({"anInt32": "x"}, "an_int32"),
    ({"anInt32": 2**31}, "an_int32"),
    ({"anInt32": 1.5}, "an_int32"),
    ({"anInt32": True}, "an_int32"),
    ({"aBool": "true"}, "a_bool"),
    ({"aBool": 1}, "a_bool"),
    ({"aString": 1}, "a_string"),
    ({"someBytes": "%%"}, "some_bytes"),
    ({"someBytes": "A"}, "some_bytes"),
    ({"colour": "COLOUR_GREEN"}, "colour"),
    ({"inner": {"inner": {"aBool": 3}}}, "inner.inner.a_bool"),
    ({"inners": [{}, {"longs": ["1", "x"]}]}, "inners[1].longs[1]"),
    ({"inners": {}}, "inners"),
    ({"strings": "a"}, "strings"),
    ({"strings": [None]}, "strings[0]"),
    ({"textByText": {"k": 1}}, 'text_by_text["k"]'),
    ({"numberByLong": {"x": 1}}, 'number_by_long["x"]'),
    ({"textByText": []}, "text_by_text"),
    ({"aTime": "2026-01-01"}, "a_time"),
    ({"aTime": "2026-13-01T00:00:00Z"}, "a_time"),
    ({"aTime": "0000-01-01T00:00:00Z"}, "a_time"),
    ({"aTime": "0001-01-01T00:00:00+01:00"}, "a_time"),
    ({"aTime": 5}, "a_time"),
    ({"aDuration": "1"}, "a_duration"),
    ({"aDuration": "999999999999s"}, "a_duration"),
    ({"aFloat": 1e39}, "a_float"),
    ({"aDouble": "1e999"}, "a_double"),
    ({"wrappedInt32": "x"}, "wrapped_int32"),
    ({"aStruct": []}, "a_struct"),
    ({"inner": []}, "inner"),
    ({"choiceText": "a", "choiceLong": "1"}, "choice_long"),
    ({"aString": "a", "a_string": "b"}, "a_string"),
    ({"nothing": 1}, "nothing"),
    ({"inner": {"nothing": 1}}, "inner.nothing"),
]


@pytest.mark.parametrize(("value", "field"), WRONG)
def test_a_wrong_value_names_its_field(value: dict[str, Any], field: str) -> None:
    _, violations = decoded(value)
    assert [name for name, _ in violations] == [field]


LENIENT = [
    ({"anInt32": "7"}, {"an_int32": 7}),
    ({"anInt32": 7.0}, {"an_int32": 7}),
    ({"an_int64": 7}, {"an_int64": 7}),
    ({"colour": 5}, {"colour": 5}),
    ({"someBytes": "-_8"}, {"some_bytes": b"\xfb\xff"}),
    ({"someBytes": "+/8="}, {"some_bytes": b"\xfb\xff"}),
    ({"otherName": "x"}, {"renamed": "x"}),
    ({"anInt32": None}, {}),
]


@pytest.mark.parametrize(("value", "fields"), LENIENT)
def test_every_form_that_proto3_json_allows_is_taken(value: dict[str, Any], fields: dict[str, Any]) -> None:
    read, violations = decoded(value)
    assert violations == []
    assert read == proto.Everything(**fields)


def test_a_body_nested_too_deep_is_refused_instead_of_overflowing_the_stack() -> None:
    value: dict[str, Any] = {}
    for _ in range(MAX_DEPTH + 5):
        value = {"inner": value}
    _, violations = decoded(value)
    assert "nested deeper" in violations[0][1]


def test_a_million_wrong_items_give_a_short_list() -> None:
    _, violations = decoded({"longs": ["x"] * 100_000})
    assert len(violations) == 50


def test_a_body_that_is_no_json_says_where() -> None:
    with pytest.raises(RequestError) as caught:
        parse_json(b'{"a": ')
    assert (caught.value.status, caught.value.reason) == (400, "MALFORMED_JSON")


def test_a_time_that_json_has_not_is_an_error_and_not_a_wrong_text() -> None:
    message = proto.Everything()
    message.a_time.seconds = 10**15
    with pytest.raises(ValueError, match="years 1 to 9999"):
        encoder.bytes_of(message)
