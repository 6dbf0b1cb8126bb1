"""The API's description as a page: one section per operation, made of the OpenAPI document, without a script.

Served by the server itself, so that it is there without a network and under its content security policy.
"""

from html import escape
from typing import Any

_Part = dict[str, Any]

METHODS = ("get", "post", "put", "patch", "delete")


def api_page(document: _Part) -> str:
    """Return the page of an OpenAPI document."""
    info, paths = document["info"], document["paths"]
    operations = [
        (tag, method, path, operation)
        for path, item in paths.items()
        for method, operation in item.items()
        if method in METHODS
        for tag in operation.get("tags", ["other"])[:1]
    ]
    tags = list(dict.fromkeys(tag for tag, *_ in operations))
    sections = "".join(
        f"<section><h2>{escape(tag)}</h2>"
        + "".join(_operation(m, path, op) for one, m, path, op in operations if one == tag)
        + "</section>"
        for tag in tags
    )
    schemas = document.get("components", {}).get("schemas", {})
    types = "".join(_schema(name, schema) for name, schema in sorted(schemas.items()))
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><title>mellm API</title>'
        '<link rel="icon" href="/static/icon.svg"><link rel="stylesheet" href="/static/base.css">'
        '<link rel="stylesheet" href="/static/api.css"></head><body><main class="api">'
        f"<h1>mellm API {escape(info['version'])}</h1><p>{escape(info.get('description', ''))} "
        'The same as a document for programs: <a href="/api/v1/openapi.json">openapi.json</a>.</p>'
        f"<pre>curl -F file=@clip.mp4 ADDRESS/api/v1/analyses</pre>{_security(document)}"
        f"{sections}<section><h2>Types</h2>{types}</section></main></body></html>"
    )


def _security(document: _Part) -> str:
    schemes = document.get("components", {}).get("securitySchemes", {})
    rows = "".join(f"<li>{escape(one.get('description', name))}</li>" for name, one in schemes.items())
    return f"<ul>{rows}</ul>" if rows else ""


def _operation(method: str, path: str, operation: _Part) -> str:
    parameters = "".join(
        f"<tr><td><code>{escape(one['name'])}</code></td><td>{escape(one['in'])}</td>"
        f"<td>{_kind(one.get('schema', {}))}</td><td>{escape(one.get('description', ''))}</td></tr>"
        for one in operation.get("parameters", [])
    )
    table = (
        "<table><thead><tr><th>parameter</th><th>in</th><th>type</th><th>what</th></tr></thead>"
        f"<tbody>{parameters}</tbody></table>"
        if parameters
        else ""
    )
    bodies = operation.get("requestBody", {}).get("content", {})
    body = "".join(
        f"<p>Body: <code>{escape(media)}</code> {_kind(part.get('schema', {}))}</p>"
        for media, part in bodies.items()
    )
    answers = "".join(
        f"<li><code>{escape(code)}</code> {escape(answer.get('description', ''))} "
        + " ".join(
            f"<code>{escape(media)}</code> {_kind(part.get('schema', {}))}"
            for media, part in answer.get("content", {}).items()
        )
        + "</li>"
        for code, answer in operation.get("responses", {}).items()
    )
    text = "".join(
        f"<p>{escape(part)}</p>" for part in operation.get("description", "").split("\n\n") if part
    )
    return (
        f'<details id="{escape(operation["operationId"])}"><summary><b>{method.upper()}</b> '
        f"<code>{escape(path)}</code> {escape(operation.get('summary', ''))}</summary>"
        f"{text}{table}{body}<ul>{answers}</ul></details>"
    )


def _schema(name: str, schema: _Part) -> str:
    needed = set(schema.get("required", []))
    rows = "".join(
        f"<tr><td><code>{escape(field)}</code>{'' if field in needed else ' (may be left out)'}</td>"
        f"<td>{_kind(part)}</td><td>{escape(part.get('description', ''))}</td></tr>"
        for field, part in schema.get("properties", {}).items()
    )
    head = "<thead><tr><th>field</th><th>type</th><th>what</th></tr></thead>"
    about = escape(schema.get("description", ""))
    return (
        f'<details id="type-{escape(name)}"><summary><code>{escape(name)}</code></summary>'
        f"<p>{about}</p><table>{head}<tbody>{rows}</tbody></table></details>"
    )


def _kind(schema: _Part) -> str:
    """A type in a few words; those that have a name lead to it."""
    if "$ref" in schema:
        name = escape(schema["$ref"].rsplit("/", 1)[-1])
        return f'<a href="#type-{name}">{name}</a>'
    for key in ("anyOf", "oneOf", "allOf"):
        if key in schema:
            return " | ".join(_kind(part) for part in schema[key])
    if "enum" in schema:
        return " | ".join(f"<code>{escape(str(value))}</code>" for value in schema["enum"])
    if "const" in schema:
        return f"<code>{escape(str(schema['const']))}</code>"
    if schema.get("type") == "array":
        return f"list of {_kind(schema.get('items', {}))}"
    return escape(str(schema.get("type", "any")))
