"""The contracts' comments by full name, from the descriptor set that `protos/generate.sh` writes beside this package."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from importlib import resources
from typing import Any

from google.protobuf import descriptor_pb2


def load() -> Mapping[str, str]:
    """Comments of services, methods, messages, fields, enums and their values; about 100 kB are read for it."""
    data = resources.files("gateway").joinpath("descriptors.binpb").read_bytes()
    comments: dict[str, str] = {}
    for file in descriptor_pb2.FileDescriptorSet.FromString(data).file:
        texts = {
            tuple(location.path): _cleaned(location.leading_comments)
            for location in file.source_code_info.location
            if location.leading_comments
        }
        comments.update((name, texts[path]) for path, name in _named(file) if path in texts)
    return comments


def _cleaned(text: str) -> str:
    return "\n".join(line.removeprefix(" ").rstrip() for line in text.strip("\n").split("\n")).strip()


def _named(file: Any) -> Iterator[tuple[Sequence[int], str]]:
    """The paths of `SourceCodeInfo.Location` and what they name."""
    for index, message in enumerate(file.message_type):
        yield from _message((4, index), f"{file.package}.{message.name}", message)
    for index, enum in enumerate(file.enum_type):
        yield from _enum((5, index), f"{file.package}.{enum.name}", enum)
    for index, service in enumerate(file.service):
        name = f"{file.package}.{service.name}"
        yield (6, index), name
        for position, method in enumerate(service.method):
            yield (6, index, 2, position), f"{name}.{method.name}"


def _message(path: tuple[int, ...], name: str, message: Any) -> Iterator[tuple[Sequence[int], str]]:
    yield path, name
    for index, field in enumerate(message.field):
        yield (*path, 2, index), f"{name}.{field.name}"
    for index, nested in enumerate(message.nested_type):
        yield from _message((*path, 3, index), f"{name}.{nested.name}", nested)
    for index, enum in enumerate(message.enum_type):
        yield from _enum((*path, 4, index), f"{name}.{enum.name}", enum)


def _enum(path: tuple[int, ...], name: str, enum: Any) -> Iterator[tuple[Sequence[int], str]]:
    yield path, name
    for index, value in enumerate(enum.value):
        yield (*path, 2, index), f"{name}.{value.name}"
