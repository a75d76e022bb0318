"""The catalogue by hand, with the libraries that we stand on: `python by_hand.py URL FILE CONCURRENCY`.

libcurl's multi interface and Lexbor, and nothing that a crawl of somebody's site needs besides: no robots.txt, no
delay, no second try, no redirect, no limit of size or time, nothing kept but the records. So it is about the least that
this work can cost on a machine, and what a crawler takes more is the price of those.
"""

import json
import re
import sys
from collections import deque
from io import BytesIO
from urllib.parse import urljoin

import pycurl
from selectolax.lexbor import LexborHTMLParser, LexborNode

DETAIL = re.compile(r"/item/")
FOLLOWED = re.compile(r"/item/|/category/")


def record(page: LexborHTMLParser, url: str) -> dict[str, object]:
    """Return the record of a detail page."""

    def text(node: LexborNode | None) -> str | None:
        return None if node is None else " ".join(node.text().split())

    def attribute(css: str, name: str) -> str | None:
        node = page.css_first(css)
        return None if node is None else node.attributes[name]

    stock = page.css_first(".summary .availability")
    price, rating = text(page.css_first(".summary .price")), attribute(".summary .rating", "data-rating")
    number = None if stock is None else stock.attributes.get("data-stock")
    image = attribute(".gallery img", "src")
    return {
        "url": url,
        "title": text(page.css_first("h1")),
        "price": float(re.sub(r"[^\d.]", "", price)) if price else None,
        "rating": float(rating) if rating else None,
        "availability": text(stock),
        "stock": int(number) if number else None,
        "category": text(page.css_first('.breadcrumb a[href^="/category/"]')),
        "description": text(page.css_first(".description")),
        "tags": [text(tag) for tag in page.css(".tags a")],
        "sku": text(page.css_first(".specs .sku")),
        "image": urljoin(url, image) if image else None,
    }


start, file, concurrency = sys.argv[1], sys.argv[2], int(sys.argv[3])
known, waiting = {start}, deque([start])
multi = pycurl.CurlMulti()
idle = [pycurl.Curl() for _ in range(concurrency)]
flying: dict[pycurl.Curl, tuple[str, BytesIO]] = {}
with open(file, "w", encoding="utf-8") as items:
    while waiting or flying:
        while waiting and idle:
            handle, url, body = idle.pop(), waiting.popleft(), BytesIO()
            handle.setopt(pycurl.URL, url)
            handle.setopt(pycurl.WRITEDATA, body)
            flying[handle] = url, body
            multi.add_handle(handle)
        multi.perform()
        done = multi.info_read()[1]
        if not done:
            multi.select(1.0)
        for handle in done:
            url, body = flying.pop(handle)
            found = handle.getinfo(pycurl.RESPONSE_CODE) == 200
            multi.remove_handle(handle)
            idle.append(handle)
            if not found:
                continue
            page = LexborHTMLParser(body.getvalue())
            if DETAIL.search(url):
                items.write(json.dumps(record(page, url)) + "\n")
            for anchor in page.css("a[href]"):
                href = anchor.attributes["href"] or ""
                if FOLLOWED.search(href) and (link := urljoin(url, href)) not in known:
                    known.add(link)
                    waiting.append(link)
