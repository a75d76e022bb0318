"""What a worker must know to do its work: plain data, sent to it once, when it starts."""

from dataclasses import dataclass, field
from enum import Enum

from crawler.work.addresses import AddressRule


class FieldType(Enum):
    """What a field's text is turned into."""

    STR = "str"
    INT = "int"
    FLOAT = "float"
    URL = "url"


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """One field of a record: which element, what of it, and as what."""

    name: str
    css: str
    attr: str | None = None
    """The attribute to take instead of the element's text; for a `url`, `href` or else `src` unless given."""
    type: FieldType = FieldType.STR
    many: bool = False
    """Every element that matches, as a list, instead of the first."""


@dataclass(frozen=True, slots=True)
class WorkSettings:
    """The part of the configuration that workers read."""

    user_agent: str = "crawler"
    timeout: float = 15.0
    """Seconds for a whole request: name look-up, connection, headers and body."""
    max_bytes: int = 10_000_000
    """Bytes of a body after decoding; a longer one fails as `too-large`."""
    parser: str = "selectolax"
    fields: tuple[FieldSpec, ...] = ()
    link_selector: str = "a[href], area[href]"
    follow_list: bool = True
    """Whether the links of list pages are followed (and so extracted)."""
    follow_detail: bool = True
    addresses: AddressRule = field(default_factory=AddressRule)
    """What may be connected to: nothing private, unless it says so."""
    page_links: int = 0
    """Links that are taken from one page; 0: all."""
    obey_robots: bool = True
    """Whether to do as pages ask of robots: `<meta name="robots">`, X-Robots-Tag and rel=nofollow."""
    robots_agent: str = ""
    """The product token, by which pages address us (RFC 9309 section 2.2.1)."""
