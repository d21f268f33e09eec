"""The product definitions: which population, which attribute, which promises (products.toml)."""

import tomllib
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from schemas.dictionary import load_dictionary

TOTAL = "ALL"
# A record whose attribute is blank or no code of the set still is a student of its school's total.
UNKNOWN = "UNKNOWN"
DEFINITIONS = Path(__file__).with_name("products.toml")


class Population(BaseModel):
    """Whom the tables count."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    layout: str
    cycle: str
    condition: str
    text: str
    closes_residuals: bool
    zeros: str = Field(pattern="^(allow|protect|structural)$")
    threshold: int | None = Field(None, ge=2)


class Product(BaseModel):
    """One table: a population by one attribute."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    title: str
    population: str
    axis: str
    expression: str
    code_set: str


@cache
def load_populations() -> tuple[Population, ...]:
    """The populations of products.toml, in file order."""
    found = _definitions()["population"]
    return tuple(Population(name=name, **values) for name, values in found.items())


@cache
def load_products() -> tuple[Product, ...]:
    """The products of products.toml, in file order."""
    return tuple(Product(**values) for values in _definitions()["product"])


def populations_of(cycle: str) -> tuple[Population, ...]:
    """The populations counted from a cycle's collection."""
    return tuple(population for population in load_populations() if population.cycle == cycle)


def products_of(population: Population) -> tuple[Product, ...]:
    return tuple(product for product in load_products() if product.population == population.name)


@cache
def categories_of(product: Product) -> dict[str, str]:
    """The codes of a product's attribute with their meanings, second spellings left out, in the code set's order."""
    dictionary = load_dictionary()
    spellings = dictionary.code_spellings(product.code_set)
    meanings = dictionary.code_meanings(product.code_set)
    return {code: meaning for code, meaning in meanings.items() if code not in spellings}


def _definitions() -> dict[str, dict]:
    return tomllib.loads(DEFINITIONS.read_text("utf-8"))
