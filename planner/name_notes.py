"""What to say of model names that name a cloud, or an endpoint of it, at which they are not priced."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Final

from planner.price_data.names import Cloud, cloud_in_name
from planner.prices import PriceBook

_LISTS: Final = {"anthropic": "Anthropic's", "bedrock": "Bedrock's", "vertex": "Vertex AI's"}
PROVIDER_NAMES: Final = {"anthropic": "Anthropic", "bedrock": "Bedrock", "vertex": "Vertex AI"}


def logged_name_notes(requests: Mapping[str, int], book: PriceBook) -> Iterator[str]:
    """Of the names in a log, each with its requests: those of another cloud, and those of another endpoint.

    Measured rows follow the endpoint of their own names; a plan follows its own, and the prices may differ.
    """
    elsewhere: dict[Cloud, list[str]] = {}
    for name in sorted(requests):
        cloud = cloud_in_name(name)
        if cloud is not None and cloud != book.provider:
            elsewhere.setdefault(cloud, []).append(name)
        elif _costs_differ(name, book, book.checked_on):
            endpoint, planned = book.endpoint(name), _planned(book)
            yield (
                f"{name} is measured at the price of the {endpoint} endpoint; a plan prices {book.resolve(name)} at "
                f'the {planned} one. Set prices.endpoint = "{endpoint}" if the traffic stays there.'
            )
    for other, names in elsewhere.items():
        count = sum(requests[name] for name in names)
        yield (
            f"{count:,} {'request carries' if count == 1 else 'requests carry'} {PROVIDER_NAMES[other]} names (such as "
            f"{names[0]}), {_priced_elsewhere(other, book)}"
        )


def typed_name_notes(places: Iterable[tuple[str, str]], book: PriceBook, on: date) -> Iterator[str]:
    """Of (name, place) as typed in a plan: a cloud or an endpoint that the plan is not priced at. Each name once."""
    first: dict[str, str] = {}
    for name, place in places:
        first.setdefault(name, place)
    for name, place in first.items():
        if (note := other_cloud_note(name, book)) is not None:
            yield f"{place}: {note}"
        elif _costs_differ(name, book, on):
            yield f"{place}: {_other_endpoint(name, book, on)}"


def other_cloud_note(name: str, book: PriceBook) -> str | None:
    """That a name is another cloud's than the one whose list prices it; None where it is not."""
    cloud = cloud_in_name(name)
    if cloud is None or cloud == book.provider:
        return None
    return f"{name} is a {PROVIDER_NAMES[cloud]} name, {_priced_elsewhere(cloud, book)}"


def _priced_elsewhere(cloud: Cloud, book: PriceBook) -> str:
    return (
        f"priced at {_LISTS[book.provider]} list. If {PROVIDER_NAMES[cloud]} bills the traffic, set prices.provider = "
        f'"{cloud}" (--provider {cloud}).'
    )


def _planned(book: PriceBook) -> str:
    return book.terms.endpoint or "global"


def _costs_differ(name: str, book: PriceBook, on: date) -> bool:
    """Whether a name says an endpoint of the cloud at which the model has another price than in the plan."""
    if book.provider == "anthropic" or book.endpoint(name) == _planned(book):
        return False
    return book.price(name, on).rates != book.price(book.resolve(name), on).rates


def _other_endpoint(name: str, book: PriceBook, on: date) -> str:
    said, planned, model = book.endpoint(name), _planned(book), book.resolve(name)
    there, here = (book.price(item, on).rates.in_class_order() for item in (name, model))
    ratios = [float(a / b) for a, b in zip(there, here, strict=True) if a and b]
    ratio = max(ratios, key=lambda ratio: abs(ratio - 1))
    dear, cheap = (said, planned) if ratio > 1 else (planned, said)
    return (
        f"{name} says the {said} endpoint, and the plan is priced at the {planned} one; the {dear} one costs "
        f'{max(ratio, 1 / ratio):.3g} times as much as the {cheap} one. Set prices.endpoint = "{said}", or write '
        f"{model} if the {planned} one is meant."
    )
