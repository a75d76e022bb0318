"""The fixture site's fields by parsel, for the rivals that use it. Runs in their environment: nothing of ours in it."""

import re
from typing import Any
from urllib.parse import urljoin

DETAIL = re.compile(r"/item/")
LISTS = re.compile(r"/category/")


def record(selector: Any, url: str) -> dict[str, Any]:
    """Return the record of a detail page."""

    def text(css: str) -> str | None:
        found = selector.css(css)
        return " ".join(found[0].xpath("string()").get().split()) if found else None

    def attribute(css: str, name: str) -> str | None:
        return selector.css(css).attrib.get(name)

    price, rating, stock = (
        text(".summary .price"),
        attribute(".summary .rating", "data-rating"),
        attribute(".summary .availability", "data-stock"),
    )
    image = attribute(".gallery img", "src")
    return {
        "url": url,
        "title": text("h1"),
        "price": float(re.sub(r"[^\d.]", "", price)) if price else None,
        "rating": float(rating) if rating else None,
        "availability": text(".summary .availability"),
        "stock": int(stock) if stock else None,
        "category": text('.breadcrumb a[href^="/category/"]'),
        "description": text(".description"),
        "tags": [" ".join(tag.xpath("string()").get().split()) for tag in selector.css(".tags a")],
        "sku": text(".specs .sku"),
        "image": urljoin(url, image) if image else None,
    }


def links(selector: Any, url: str) -> list[str]:
    """Return the list and detail pages that a page links to."""
    found = (urljoin(url, href) for href in selector.css("a::attr(href)").getall())
    return [link for link in found if DETAIL.search(link) or LISTS.search(link)]
