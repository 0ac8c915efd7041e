"""The contract is the manual: what an RPC answers, what a field may hold, in which unit and range."""

from __future__ import annotations

from typing import Final

from tests.contract.contracts import comments, enums, files, messages, report, rpcs

# Fields that mean the same wherever they stand; protos/README.md says it once.
EVERYWHERE: Final = frozenset(
    {"page_size", "page_token", "next_page_token", "request_id", "create_time", "update_time"}
)
# Standardised elsewhere, so that a comment would only repeat the name.
STANDARD_NAMES: Final = ("banyan.user.v1.Jwk.",)


def has(name: str) -> bool:
    return bool(comments().get(name, "").strip())


def test_every_service_and_rpc_is_explained() -> None:
    services = [service.full_name for file in files() for service in file.services_by_name.values()]
    methods = [rpc.method.full_name for rpc in rpcs()]
    report([name for name in [*services, *methods] if not has(name)], "no comment")


def test_every_message_is_explained_but_an_rpcs_own() -> None:
    own = {message.full_name for rpc in rpcs() for message in (rpc.request, rpc.response)}
    report(
        [
            message.full_name
            for message in messages()
            if message.full_name not in own and not has(message.full_name)
        ],
        "no comment",
    )


def test_every_enum_is_explained() -> None:
    report([enum.full_name for enum in enums() if not has(enum.full_name)], "no comment")


def test_every_field_says_more_than_its_name() -> None:
    """A message or enum is explained at its type, an id by what it names."""
    problems = [
        field.full_name
        for message in messages()
        for field in message.fields
        if not has(field.full_name)
        and field.message_type is None
        and field.enum_type is None
        and field.name not in EVERYWHERE
        and not field.name.endswith(("_id", "_ids"))
        and not field.full_name.startswith(STANDARD_NAMES)
    ]
    report(problems, "which unit, which range, what does empty mean?")


def test_comments_name_reasons_the_way_errors_do() -> None:
    """NOT_FOUND is a code, and its reason follows it: a client must know both."""
    codes = ("NOT_FOUND", "ALREADY_EXISTS", "FAILED_PRECONDITION", "UNAUTHENTICATED", "ABORTED")
    problems = []
    for rpc in rpcs():
        words = (
            comments()
            .get(rpc.method.full_name, "")
            .replace("\n", " ")
            .replace(".", " ")
            .replace(";", " ")
            .split()
        )
        for code, following in zip(words, [*words[1:], ""], strict=True):
            if code in codes and not following.strip(",").isupper():
                problems.append(f"{rpc}: {code} {following}")
    report(problems, "which reason?")
