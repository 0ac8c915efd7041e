"""The pages a person looks at: plain HTML, everything escaped, nothing fetched from elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape

from starlette.responses import HTMLResponse

STYLE = """
:root{color-scheme:light dark}
body{font:15px/1.5 system-ui,sans-serif;max-width:72rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.3rem}table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.4rem .6rem;
border-bottom:1px solid #8884;vertical-align:top;overflow-wrap:anywhere}th{font-weight:600;opacity:.7}
tr:hover td{background:#8881}a{color:inherit}.dim{opacity:.6}
pre{white-space:pre-wrap;overflow-wrap:anywhere;background:#8881;padding:1rem;border-radius:.4rem}
iframe{width:100%;height:32rem;border:1px solid #8884;border-radius:.4rem;background:#fff}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.2rem 1rem}
dt{opacity:.6}dd{margin:0;overflow-wrap:anywhere}
"""
# A mail's own HTML is shown in a sandboxed frame; this policy, too, keeps it from scripts and the network.
POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-src 'self'; "
    "base-uri 'none'; form-action 'none'"
)


class Markup(str):
    """Text that is HTML already; everything else is escaped."""

    __slots__ = ()


def html(value: object) -> str:
    """Escapes `value`, unless it is Markup."""
    return value if isinstance(value, Markup) else escape(str(value))


def link(target: str, label: str) -> Markup:
    """A link; both parts are escaped."""
    return Markup(f'<a href="{escape(target)}">{escape(label)}</a>')


def table(head: Sequence[str], rows: Iterable[Sequence[object]], empty: str) -> Markup:
    """A table, or the sentence `empty` when there are no rows."""
    body = "".join("<tr>" + "".join(f"<td>{html(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    if not body:
        return Markup(f'<p class="dim">{escape(empty)}</p>')
    return Markup(
        "<table><tr>" + "".join(f"<th>{escape(name)}</th>" for name in head) + f"</tr>{body}</table>"
    )


def facts(pairs: Mapping[str, object]) -> Markup:
    """Names and values, one a line."""
    return Markup(
        "<dl>"
        + "".join(f"<dt>{escape(name)}</dt><dd>{html(value)}</dd>" for name, value in pairs.items())
        + "</dl>"
    )


def page(title: str, *parts: str, refresh_s: int | None = None) -> HTMLResponse:
    """A whole document; `refresh_s` makes it load itself again."""
    refresh = f'<meta http-equiv="refresh" content="{refresh_s}">' if refresh_s else ""
    document = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>{refresh}'
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style></head>'
        f"<body><h1>{escape(title)}</h1>{''.join(parts)}</body></html>"
    )
    headers = {
        "content-security-policy": POLICY,
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
    }
    return HTMLResponse(document, headers=headers)
