"""ada's URL parser by way of its C interface, for interpreters into which `ada_url` cannot be loaded.

`ada_url` is made with cffi, whose modules refuse an interpreter beside the main one, since they keep state for the
whole process. The parser keeps none: bytes go in, and a new URL comes out. So its functions are called here in the
very library that `ada_url` brings, through `ctypes`, which any interpreter can load. A call takes 3 µs, not 2.

The names and what they mean are `ada_url`'s. Source: `ada_c.h`, which `ada_url` brings too.
"""

from ctypes import CDLL, POINTER, Structure, c_bool, c_char, c_char_p, c_size_t, c_void_p, string_at
from importlib.util import find_spec
from pathlib import Path


class _Text(Structure):
    """`ada_string`: bytes that belong to a URL, and end with it."""

    _fields_ = (("data", POINTER(c_char)), ("length", c_size_t))


def _library() -> CDLL:
    package = find_spec("ada_url")  # found, not imported
    if package is None:
        raise ModuleNotFoundError("No module named 'ada_url'", name="ada_url")
    folders = package.submodule_search_locations or ()
    library = next((path for folder in folders for path in Path(folder).glob("_ada_wrapper.*")), None)
    if library is None:
        raise ImportError("the library of ada_url is not in its folder")
    return CDLL(str(library))


try:
    _ada = _library()
    _ada.ada_parse.argtypes = (c_char_p, c_size_t)
    _ada.ada_parse.restype = c_void_p
    _ada.ada_parse_with_base.argtypes = (c_char_p, c_size_t, c_char_p, c_size_t)
    _ada.ada_parse_with_base.restype = c_void_p
    _ada.ada_is_valid.argtypes = (c_void_p,)
    _ada.ada_is_valid.restype = c_bool
    _ada.ada_get_href.argtypes = (c_void_p,)
    _ada.ada_get_href.restype = _Text
    _ada.ada_free.argtypes = (c_void_p,)
    _ada.ada_free.restype = None
except (OSError, AttributeError) as error:
    raise ImportError(f"the library of ada_url cannot be called: {error}") from error


def normalize_url(s: str) -> str:
    """Return the URL `s` as the WHATWG URL Standard serialises it; ValueError if it is none."""
    text = _bytes(s)
    return _href(_ada.ada_parse(text, len(text)))


def join_url(base_url: str, s: str) -> str:
    """Return `s`, which may be relative, resolved against `base_url`; ValueError if that gives no URL."""
    text, against = _bytes(s), _bytes(base_url)
    return _href(_ada.ada_parse_with_base(text, len(text), against, len(against)))


def _bytes(url: str) -> bytes:
    try:
        return url.encode()
    except UnicodeEncodeError:
        raise ValueError("a lone surrogate") from None


def _href(url: int) -> str:
    try:
        if not _ada.ada_is_valid(url):
            raise ValueError("not a URL")
        href = _ada.ada_get_href(url)
        return string_at(href.data, href.length).decode()
    finally:
        _ada.ada_free(url)
