"""`towpath status`: which version is where, and what is on its way."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from towpath.cli import client, documents, look, options, output, times
from towpath.domain.subjects import Scope

ProductName = Annotated[
    str, typer.Argument(metavar="PRODUCT", help="Only this product, with its components.")
]
Part = Mapping[str, Any]
_STRANDED = ("failed", "error", "terminated")
_ACTING = ("terminating", *_STRANDED, "suspended", "pending", "running")


def status(
    product: ProductName = "",
    form: options.Output = output.Format.TABLE,
    server: options.Server = "",
) -> None:
    """Products (or the components of one) by environments: versions, and what is on its way."""

    async def work(api: client.Api) -> int:
        data = await _gather(api, product)
        now = api.now()

        def people(out: Console, shown: client.Document) -> None:
            _draw(out, shown, bool(product))
            _releases(out, "on its way", shown["on_its_way"])
            _releases(out, "did not get through", _stranded(shown))
            _trouble(out, shown, now, api.server)

        output.show(data, form, people)
        return 0

    options.ask(server, work)


async def _gather(api: client.Api, product: str) -> client.Document:
    if product:
        products = [await api.get("products", product)]
    else:
        products = (await api.pages("products", limit=1000))["items"]
    moving = await api.pages("releases", limit=100, product=product, ended="false")
    try:
        configuration = await api.get("configuration")
        problems = [*configuration.get("problems", ()), *_away(configuration)]
    except client.Failed as failed:  # what is known of the products is shown all the same
        problems = [{"code": "unavailable", "message": failed.sentence, "severity": "error"}]
    return {
        "products": products,
        "on_its_way": moving["items"],
        "configuration_problems": problems,
    }


def _away(configuration: Part) -> Sequence[Part]:
    """Why the configuration cannot be asked for news; what is in force stays so."""
    return [
        {"message": one["reason"]["sentence"], "severity": "error"}
        for one in configuration.get("trouble", ())
        if one["scope"] == Scope.CONFIGURATION
    ]


def _draw(out: Console, data: Part, with_components: bool) -> None:
    products: Sequence[Part] = data["products"]
    if not products:
        out.print("No product yet. Describe one in the configuration source (kind: Product).")
        return
    columns = merged([one["name"] for one in p["environments"]] for p in products)
    matrix = _matrix(products, columns, with_components)
    if output.width(matrix) <= out.width:
        out.print(matrix)
    else:
        for product in products:
            out.print(_block(product))
    seen = {state for p in products for one in p["environments"] for state in _states(one)}
    if seen:
        out.print()
        out.print(look.legend(seen))


def merged(orders: Iterable[Sequence[str]]) -> list[str]:
    """One order that holds every name, each list's own order kept where lists agree."""
    whole: list[str] = []
    for order in orders:
        place = 0
        for name in order:
            if name not in whole:
                whole.insert(place, name)
            place = whole.index(name) + 1
    return whole


def _matrix(products: Sequence[Part], columns: Sequence[str], with_components: bool) -> Table:
    table = output.table("", *columns)
    for column in table.columns:
        column.no_wrap = True
    for product in products:
        own = {one["name"]: one for one in product["environments"]}
        cells = [_cell(own.get(name), "\n") for name in columns]
        table.add_row(Text(product["name"], "bold"), *cells)
        if with_components:
            _add_components(table, product, columns)
    return table


def _cell(environment: Part | None, between: str) -> Text:
    """What is there, how its promotion stands; after `between` each, what is coming, and a lock."""
    if environment is None:
        return Text()
    coming = {one["version"]: one for one in environment.get("on_its_way", ())}
    there = coming.pop(", ".join(environment["versions"]), environment)
    cell = _marked(there["status"], _name(environment["versions"], environment["release"]))
    for version, one in coming.items():
        cell.append(between).append_text(
            _marked(one["status"], _name(version.split(", "), one["release"]))
        )
    if environment["locked"]:
        cell.append(f"{between}‖ locked", look.style("suspended"))
    return cell


def _name(versions: Sequence[str], release: str) -> str:
    """The version; where components have versions of their own, the release that has them."""
    if len(versions) > 1 and release:
        return release
    return documents.short(", ".join(versions)) or "nothing known"


def _marked(state: str | None, version: str) -> Text:
    mark = (f"{look.glyph(state)} ", look.style(state)) if state else ("  ", "")
    return Text.assemble(mark, version)


def _states(environment: Part) -> set[str]:
    coming = {one["status"] for one in environment.get("on_its_way", ())}
    return coming | ({environment["status"]} if environment["status"] else set())


def _add_components(table: Table, product: Part, columns: Sequence[str]) -> None:
    found = {(cell["component"], cell["environment"]): cell for cell in product["matrix"]}
    for component in product["components"]:
        cells = [found.get((component, name)) for name in columns]
        versions = [Text(f"  {cell['version'] or 'not known'}" if cell else "") for cell in cells]
        table.add_row(Text(f"  {component}"), *versions, style=look.SECONDARY)


def _block(product: Part) -> Table:
    """One product, an environment on each line, for terminals too narrow for the matrix."""
    versions = {
        (cell["environment"], cell["component"]): cell["version"]
        for cell in product.get("matrix", ())
    }
    components = product["components"] if versions else ()
    table = output.table(product["name"], "", *components)
    for one in product["environments"]:
        cells = [Text(versions.get((one["name"], c), ""), look.SECONDARY) for c in components]
        table.add_row(f"  {one['name']}", _cell(one, "  "), *cells)
    return table


def _stranded(data: Part) -> Sequence[Part]:
    """The newest releases of their products that ended without coming to where they go."""
    moving = {one["id"] for one in data["on_its_way"]}
    newest = [one for product in data["products"] if (one := product.get("latest"))]
    return [one for one in newest if one["status"] in _STRANDED and one["id"] not in moving]


def _releases(out: Console, head: str, releases: Sequence[Part]) -> None:
    if not releases:
        return
    out.print()
    table = output.table(head, "", "", "")
    for one in releases:
        where = [e["name"] for e in one["environments"] if e["status"] in _ACTING]
        why = (one["reason"] or {}).get("sentence", "")
        words = ": ".join(part for part in (", ".join(where), why) if part)
        table.add_row(one["id"], documents.short(one["version"]), look.word(one["status"]), words)
    for column in table.columns[:3]:
        column.no_wrap = True
    out.print(table)


def _trouble(out: Console, data: Part, now: datetime, server: str) -> None:
    lines = [_lock(lock) for product in data["products"] for lock in product.get("locks", ())]
    troubles = {
        (one["scope"], one["subject"]): one
        for product in data["products"]
        for one in product.get("trouble", ())
    }
    for one in troubles.values():
        since = times.seen(one["since"])
        age = f" (since {times.length(now - since)})" if since else ""
        style = "yellow" if one["scope"] == Scope.DRIFT else "red"
        lines.append(Text(f"! {one['subject']}: {one['reason']['sentence']}{age}", style))
    lines += [_problem(one) for one in _of_severity("error", data)]
    if warnings := len(_of_severity("warning", data)):
        said = f"{warnings} warning{'s' if warnings > 1 else ''}"
        lines.append(Text(f"! configuration: {said}, see {server}/configuration", "yellow"))
    if lines:
        out.print()
    for line in lines:
        out.print(line)


def _lock(lock: Part) -> Text:
    where = f"{lock['product'] or 'everything'} in {lock['environment']}"
    until = f" until {times.full(end)}" if (end := times.seen(lock["until"])) else ""
    why = f": {lock['reason']}" if lock["reason"] else ""
    return Text(f"‖ {where} is locked by {lock['author']}{until}{why}", look.style("suspended"))


def _of_severity(severity: str, data: Part) -> Sequence[Part]:
    return [one for one in data["configuration_problems"] if one.get("severity") == severity]


def _problem(problem: Part) -> Text:
    place = f"{problem['file']}:{problem['line']}: " if problem.get("file") else ""
    return Text(f"! configuration: {place}{problem['message']}", "red")
