"""HTML pages that need no other file: a style, tables, and whatever SVG is put between them."""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

STYLE: Final = (
    "body{font:14px/1.45 system-ui,sans-serif;margin:2em auto;max-width:1200px;padding:0 1em;color:#222}"
    "table{border-collapse:collapse;margin:1em 0}td,th{padding:.25em .8em;text-align:left;border-bottom:1px solid #ddd}"
    "td.kept{color:#1a7f37;font-weight:600}td.broken{color:#c00;font-weight:600}"
    "svg{width:100%;height:auto}.plot{overflow-x:auto}li{font-family:ui-monospace,monospace;font-size:12px}"
    "code{font-size:12px;color:#555}"
)


def page(title: str, parts: Iterable[str], *, refresh_s: int = 0) -> str:
    """The whole document; a browser asks for it again every `refresh_s` seconds, 0: never."""
    again = f'<meta http-equiv="refresh" content="{refresh_s}">' if refresh_s else ""
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8">{again}<title>{html.escape(title)}</title>'
        f"<style>{STYLE}</style>{''.join(parts)}</html>\n"
    )


def table(titles: Sequence[str], rows: Iterable[Sequence[object]], *, nothing: str = "") -> str:
    """Rows under titles, in which _ reads as a space; `nothing` stands for None."""
    head = "".join(f"<th>{html.escape(title.replace('_', ' '))}</th>" for title in titles)
    body = "".join(
        f"<tr>{''.join(f'<td>{html.escape(nothing if cell is None else str(cell))}</td>' for cell in row)}</tr>"
        for row in rows
    )
    return f"<table><tr>{head}</tr>{body}</table>"


def dicts(rows: Sequence[Mapping[str, object]]) -> str:
    """Rows that have the same keys, which are the titles."""
    return table(tuple(rows[0]), [list(row.values()) for row in rows]) if rows else "<p>none</p>"
