"""Path templates of `google.api.http` rules: the grammar of google/api/http.proto, whole.

Template = "/" Segments [ ":" Verb ]     Segments = Segment { "/" Segment }
Segment  = "*" | "**" | LITERAL | "{" FieldPath [ "=" Segments ] "}"
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

STAR: Final = "*"
DOUBLE_STAR: Final = "**"
_LITERAL: Final = re.compile(r"[A-Za-z0-9\-._~%!$&'()+,;=@]+")
_FIELD_PATH: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*")


class TemplateError(ValueError):
    """A path template that the grammar does not allow."""


@dataclass(frozen=True, slots=True)
class Variable:
    """A field path and the segments it takes: `start` inclusive, `end` exclusive; -1 means to the end.

    `multi` is whether it may span slashes, so that `%2F` in it stays as it is.
    """

    field_path: str
    start: int
    end: int
    multi: bool


@dataclass(frozen=True, slots=True)
class Template:
    """A parsed template; `segments` are literals, `*` or `**` (only as the last one)."""

    text: str
    segments: tuple[str, ...]
    verb: str
    variables: tuple[Variable, ...]

    @property
    def shape(self) -> str:
        """The template without its variables' names: equal shapes match the same paths."""
        return "/" + "/".join(self.segments) + (f":{self.verb}" if self.verb else "")

    @property
    def is_static(self) -> bool:
        """Whether exactly one path matches."""
        return STAR not in self.segments and DOUBLE_STAR not in self.segments


def parse(text: str) -> Template:
    """Parses a template; raises TemplateError that says what is wrong with it."""
    if not text.startswith("/") or len(text) < 2:
        raise TemplateError(f"{text!r} must begin with '/' and name at least one segment")
    body, verb = _split_verb(text)
    segments: list[str] = []
    variables: list[Variable] = []
    for part in _split_segments(body[1:], text):
        if part.startswith("{"):
            variables.append(_variable(part, segments, text))
        else:
            segments.append(_segment(part, text))
    if DOUBLE_STAR in segments[:-1]:
        raise TemplateError(f"{text!r} has segments after '**'")
    paths = [variable.field_path for variable in variables]
    if len(set(paths)) != len(paths):
        raise TemplateError(f"{text!r} binds a field twice")
    return Template(text, tuple(segments), verb, tuple(variables))


def _split_verb(text: str) -> tuple[str, str]:
    last = text[text.rfind("}") + 1 :] if "}" in text else text[text.rfind("/") :]
    if ":" not in last:
        return text, ""
    if "/" in last[last.index(":") :]:
        raise TemplateError(f"{text!r} has a verb that is not at its end")
    body, _, verb = text.rpartition(":")
    if not _LITERAL.fullmatch(verb):
        raise TemplateError(f"{text!r} has a malformed verb")
    return body, verb


def _split_segments(body: str, text: str) -> list[str]:
    """Splits at slashes that are not inside braces."""
    parts, depth, current = [], 0, ""
    for char in body:
        if char == "/" and depth == 0:
            parts.append(current)
            current = ""
            continue
        depth += (char == "{") - (char == "}")
        if depth not in (0, 1):
            raise TemplateError(f"{text!r} has nested or unbalanced braces")
        current += char
    if depth:
        raise TemplateError(f"{text!r} has unbalanced braces")
    return [*parts, current]


def _segment(part: str, text: str) -> str:
    if part in (STAR, DOUBLE_STAR) or _LITERAL.fullmatch(part):
        return part
    raise TemplateError(f"{text!r} has the malformed segment {part!r}")


def _variable(part: str, segments: list[str], text: str) -> Variable:
    if not part.endswith("}"):
        raise TemplateError(f"{text!r} has text after a variable")
    field_path, separator, pattern = part[1:-1].partition("=")
    if not _FIELD_PATH.fullmatch(field_path):
        raise TemplateError(f"{text!r} has the malformed field path {field_path!r}")
    inner = [_segment(piece, text) for piece in pattern.split("/")] if separator else [STAR]
    start = len(segments)
    segments.extend(inner)
    open_ended = DOUBLE_STAR in inner
    return Variable(field_path, start, -1 if open_ended else len(segments), open_ended or len(inner) > 1)
