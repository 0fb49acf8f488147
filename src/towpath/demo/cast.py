"""Who and what is in the demo's world: people, products, services, environments.

Plain facts and how image tags are written; no files and no git.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from towpath.demo.commits import Person

REGISTRY = "registry.example"  # RFC 2606: a name that no one can own or reach
SEED = 20_26


class Style(StrEnum):
    """How the files of a service are written in the GitOps repository."""

    HELM = "helm"
    KUSTOMIZE = "kustomize"
    MANIFESTS = "manifests"


@dataclass(frozen=True, slots=True)
class Service:
    """One service: a component of its product, with a code repository of the same name.

    `work` names the modules and what each is about, `occasions` when something goes wrong there.
    `tag` is the image tag's form: `{version}` is three numbers, `{sha}` the commit's first seven
    digits.
    """

    name: str
    product: str
    style: Style
    first_version: tuple[int, int]
    work: Mapping[str, tuple[str, ...]]  # module -> what there is to do in it
    occasions: tuple[str, ...]
    tag: str = "{version}-{sha}"

    @property
    def image(self) -> str:
        """The image's repository, without a tag."""
        return f"{REGISTRY}/{self.product}/{self.name}"

    @property
    def tag_pattern(self) -> str:
        """How a tag names its commit, as a product's manifest says it."""
        return self.tag.replace("{version}", "*")

    def tag_for(self, version: tuple[int, int, int], sha: str) -> str:
        """The tag of the image built from a commit."""
        return self.tag.format(version=".".join(map(str, version)), sha=sha[:7])

    def version_of(self, tag: str) -> tuple[int, int, int]:
        """The version in a tag; where a tag has none, the first version."""
        found = re.search(r"(\d+)\.(\d+)\.(\d+)", tag)
        if not found:
            return (*self.first_version, 0)
        major, minor, patch = map(int, found.groups())
        return (major, minor, patch)


@dataclass(frozen=True, slots=True)
class Product:
    """Services that ship together through the same environments."""

    name: str
    description: str
    issue_key: str
    first_issue: int
    team: tuple[Person, ...]
    environments: Mapping[str, tuple[str, ...]]  # name -> the environments before it
    services: tuple[Service, ...]


@dataclass(frozen=True, slots=True)
class Environment:
    """A stage, the cluster it lives in and how many copies of a service run there."""

    name: str
    kind: str
    cluster: str
    replicas: int
    memory: str
    log_level: str


ENVIRONMENTS = (
    Environment("dev", "nonprod", "nonprod", 1, "256Mi", "debug"),
    Environment("qa", "nonprod", "nonprod", 1, "256Mi", "debug"),
    Environment("staging", "nonprod", "nonprod", 2, "384Mi", "info"),
    Environment("prod-eu", "prod", "prod-eu", 4, "512Mi", "info"),
    Environment("prod-us", "prod", "prod-us", 3, "512Mi", "warning"),
)

ADA = Person("Ada Lindqvist", "ada.lindqvist@webshop.example", 1)
BRUNO = Person("Bruno Keller", "bruno.keller@webshop.example", 1)
CHIDI = Person("Chidi Okafor", "chidi.okafor@webshop.example", 0)
MEI = Person("Mei Tanaka", "mei.tanaka@webshop.example", 1)
PRIYA = Person("Priya Raman", "priya.raman@webshop.example", 0)
SOFIA = Person("Sofia Marques", "sofia.marques@webshop.example", 0)
TOMASZ = Person("Tomasz Nowak", "tomasz.nowak@webshop.example", 1)
JONAS = Person("Jonas Weber", "jonas.weber@webshop.example", 1)  # operations, in no team
CI = Person("webshop-ci", "ci@webshop.example")

CART = Service(
    name="cart",
    product="webshop",
    style=Style.HELM,
    first_version=(1, 30),
    work={
        "basket": ("the last line item", "the basket total", "the quantity limit"),
        "coupons": ("the coupon", "the bundle discount", "the gift card"),
        "shipping": ("the shipping estimate", "the free shipping threshold", "the delivery note"),
        "session": ("the saved basket", "the guest basket"),
        "prices": ("the price per unit", "the struck-through price"),
    },
    occasions=(
        "when the session expires",
        "for guest customers",
        "after signing in",
        "when the last item is removed",
        "when two tabs are open",
        "if the currency changes",
        "for orders from abroad",
        "when an item is sold out",
        "on small screens",
        "during a sale",
    ),
)

CATALOG = Service(
    name="catalog",
    product="webshop",
    style=Style.KUSTOMIZE,
    first_version=(2, 4),
    work={
        "search": ("synonyms", "the brand filter", "spelling suggestions"),
        "facets": ("the size facet", "the price range", "the colour facet"),
        "products": ("the product title", "related products", "sold-out variants"),
        "pictures": ("thumbnail pictures", "the zoomed picture"),
        "stock": ("the stock badge", "the restock date"),
        "importer": ("the category tree", "supplier weights"),
    },
    occasions=(
        "in search results",
        "on the category page",
        "when the index is rebuilt",
        "for discontinued products",
        "if a supplier sends no weight",
        "when a filter matches nothing",
        "for queries with umlauts",
        "on the first page",
        "after an import",
        "in the sitemap",
    ),
)

CHECKOUT = Service(
    name="checkout",
    product="webshop",
    style=Style.MANIFESTS,
    first_version=(3, 11),
    work={
        "address": ("the billing address", "the postcode", "the pick-up point"),
        "delivery": ("the delivery slot", "the express option"),
        "orders": ("the order number", "the order history"),
        "taxes": ("the VAT number", "the tax rate"),
        "invoices": ("the invoice copy", "the return label"),
        "confirmation": ("the order confirmation", "the payment method"),
    },
    occasions=(
        "when the payment is retried",
        "for business customers",
        "if the postcode is unknown",
        "when the page is reloaded",
        "for split deliveries",
        "after a declined card",
        "on public holidays",
        "for orders to Switzerland",
        "when the address is changed late",
        "in the confirmation mail",
    ),
)

GATEWAY = Service(
    name="gateway",
    product="payments",
    style=Style.KUSTOMIZE,
    first_version=(0, 9),
    work={
        "cards": ("the card token", "the authorisation", "the 3-D Secure challenge"),
        "wallets": ("the wallet button", "the express payment"),
        "banks": ("the bank redirect", "the direct debit mandate"),
        "webhooks": ("the webhook signature", "the idempotency key"),
        "risk": ("the risk score", "the velocity limit"),
        "refunds": ("the refund", "the partial capture"),
    },
    occasions=(
        "when the bank times out",
        "for partial captures",
        "after a network error",
        "when the provider answers twice",
        "for expired cards",
        "if the amount is zero",
        "in the sandbox",
        "for recurring payments",
    ),
    tag="main-{sha}",
)

LEDGER = Service(
    name="ledger",
    product="payments",
    style=Style.HELM,
    first_version=(5, 2),
    work={
        "entries": ("the booking date", "the fee entry", "the reversal"),
        "balances": ("open balances", "the opening balance"),
        "payouts": ("the payout file", "the payout batch"),
        "reports": ("the settlement report", "the monthly export"),
        "currencies": ("the exchange rate", "the rounding difference"),
    },
    occasions=(
        "at the end of the month",
        "for amounts in yen",
        "when a refund exceeds the balance",
        "for closed accounts",
        "if the report is empty",
        "when a payout is split",
        "across time zones",
        "after a manual correction",
    ),
)

WEBSHOP = Product(
    name="webshop",
    description="What customers see: browsing, basket and checkout",
    issue_key="SHOP",
    first_issue=212,
    team=(ADA, BRUNO, CHIDI, MEI, SOFIA),
    environments={
        "dev": (),
        "qa": ("dev",),
        "staging": ("qa",),
        "prod-eu": ("staging",),
        "prod-us": ("staging",),
    },
    services=(CART, CATALOG, CHECKOUT),
)

PAYMENTS = Product(
    name="payments",
    description="Taking money and keeping the books",
    issue_key="PAY",
    first_issue=31,
    team=(PRIYA, TOMASZ, SOFIA),
    environments={"dev": (), "staging": ("dev",), "prod-eu": ("staging",)},
    services=(GATEWAY, LEDGER),
)

PRODUCTS = {product.name: product for product in (WEBSHOP, PAYMENTS)}
SERVICES = {service.name: service for p in PRODUCTS.values() for service in p.services}


def product_of(service: Service) -> Product:
    """The product that a service belongs to."""
    return PRODUCTS[service.product]
