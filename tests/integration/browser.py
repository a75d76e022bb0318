"""Debian's chromium, headless, for tests of pages: driven by selenium, skipped where there is none."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
FLAGS = (
    *("headless", "no-sandbox", "disable-gpu", "disable-quic", "no-first-run", "disable-background-networking"),
    *("disable-component-update", "disable-sync", "disable-dev-shm-usage", "hide-scrollbars"),
)


@contextmanager
def browser(profile: Path) -> Iterator[Chrome]:
    """Start a browser with a profile of its own, 1200 by 900 points; skip the test if there is none."""
    binary, driver = next(filter(None, map(shutil.which, BROWSERS)), None), shutil.which("chromedriver")
    if binary is None or driver is None:
        pytest.skip("no browser: `apt-get install chromium chromium-driver` (or Chrome and chromedriver) brings one")
    options = Options()
    options.binary_location = binary
    for flag in (*FLAGS, f"user-data-dir={profile}", "window-size=1200,900"):
        options.add_argument(f"--{flag}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    chrome = Chrome(options=options, service=Service(driver))
    try:
        yield chrome
    finally:
        chrome.quit()


def dark(chrome: Chrome, on: bool) -> None:
    """Have the user prefer dark pages, or light ones."""
    feature = {"name": "prefers-color-scheme", "value": "dark" if on else "light"}
    chrome.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})


def console(chrome: Chrome) -> list[dict[str, Any]]:
    """Return what the page's console has been told since this was last asked."""
    told: list[dict[str, Any]] = chrome.get_log("browser")
    return told
