"""The API's description as a page: rendered here, so that it needs no script and no other host."""

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

router = APIRouter(include_in_schema=False)
_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem;
  color: #1c2530; background: #fff }
h2 { margin-top: 2.5rem } section { border-top: 1px solid #ccd; padding: .6rem 0 }
code, b { font-family: ui-monospace, monospace; font-size: 14px } table { border-spacing: 0 }
td { padding: .1rem 1rem .1rem 0; vertical-align: top } a { color: #1a5fb4 }
@media (prefers-color-scheme: dark) { body { color: #dde3ea; background: #14181d }
  a { color: #8ab4f8 } section { border-color: #334 } }
"""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'"
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width"><style>{style}</style></head>
<body><h1>{title}</h1><p>{about} The same for programs:
<a href="/openapi.json">/openapi.json</a>.</p>{body}</body></html>"""


@router.get("/api/docs")
async def docs(request: Request) -> HTMLResponse:
    """The page."""
    page = render(request.app.openapi())
    return HTMLResponse(page, headers={"Content-Security-Policy": _POLICY})


def render(described: Mapping[str, Any]) -> str:
    """An OpenAPI document as HTML."""
    info = described["info"]
    title = escape(f"{info['title']} {info['version']}")
    about = escape(info.get("description", ""))
    body = "".join([*_operations(described), "<h2>Forms</h2>", *_forms(described)])
    return _PAGE.format(title=title, style=_STYLE, about=about, body=body)


def _operations(described: Mapping[str, Any]) -> Iterator[str]:
    by_topic: dict[str, list[str]] = {}
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            topic = operation.get("tags", ["other"])[0]
            by_topic.setdefault(topic, []).append(_operation(path, method, operation))
    for topic, operations in by_topic.items():
        yield f"<h2>{escape(topic)}</h2>{''.join(operations)}"


def _operation(path: str, method: str, operation: Mapping[str, Any]) -> str:
    name = escape(operation["operationId"])
    says = escape(operation.get("description", ""))
    rows = [*map(_parameter, operation.get("parameters", ())), *_bodies(operation)]
    return (
        f'<section id="{name}"><b>{method.upper()} {escape(path)}</b><p>{says}</p>'
        f"<table>{''.join(rows)}</table></section>"
    )


def _parameter(parameter: Mapping[str, Any]) -> str:
    needed = " (needed)" if parameter.get("required") else ""
    where = f"in {parameter['in']}{needed}"
    says = escape(parameter.get("description", ""))
    name = f"<code>{escape(parameter['name'])}</code>"
    return _row(name, _form(parameter["schema"]), f"{where} {says}")


def _bodies(operation: Mapping[str, Any]) -> Iterator[str]:
    for kind, body in operation.get("requestBody", {}).get("content", {}).items():
        yield _row("body", _form(body["schema"]), escape(kind))
    for status, response in operation["responses"].items():
        forms = [_form(body.get("schema", {})) for body in response.get("content", {}).values()]
        yield _row(f"answer {status}", " ".join(forms), escape(response["description"]))


def _forms(described: Mapping[str, Any]) -> Iterator[str]:
    for name, schema in sorted(described["components"]["schemas"].items()):
        says = escape(schema.get("description", ""))
        rows = [
            _row(f"<code>{escape(field)}</code>", _form(form), escape(form.get("description", "")))
            for field, form in schema.get("properties", {}).items()
        ]
        words = ", ".join(map(escape, schema.get("enum", ())))
        yield (
            f'<section id="form-{escape(name)}"><b>{escape(name)}</b><p>{says} {words}</p>'
            f"<table>{''.join(rows)}</table></section>"
        )


def _row(*cells: str) -> str:
    return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def _form(schema: Mapping[str, Any]) -> str:
    """A schema in words, with links to the forms it names."""
    match schema:
        case {"$ref": reference}:
            name = escape(reference.rpartition("/")[2])
            return f'<a href="#form-{name}">{name}</a>'
        case {"anyOf": forms} | {"oneOf": forms}:
            return " or ".join(map(_form, forms))
        case {"type": "array", "items": form}:
            return f"list of {_form(form)}"
        case {"type": "object", "additionalProperties": dict(form)}:
            return f"map of {_form(form)}"
        case {"type": kind}:
            return escape(f"{kind} {schema.get('format', '')}".strip())
        case _:
            return "any"
