"""report.html in a real browser: every chart is drawn, nothing complains, and no name of a site's does anything."""

import json
import re
import shutil
import subprocess
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from crawler.compare.model import Comparison
from crawler.compare.page import page
from tests.integration.browser import browser
from tests.unit.compare.values import comparison, invented, scaled, with_splits

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--enable-logging=stderr",
)
HOSTILE = (
    "</td></svg><script>document.title='run'</script><img src=x onerror=\"document.title='run'\">' {{ 7 * 7 }} &lt;"
)

# What a test asks of the page, which its own policy would not let run: it is taken out for that.
PROBE = """
<script>
const told = {
  title: document.title,
  charts: [...document.querySelectorAll("svg.chart")].map((chart) => {
    const box = chart.getBBox();
    return box.width > 100 && box.height > 20 && chart.querySelectorAll(".bar").length > 0;
  }),
  elements: document.querySelectorAll("img, iframe, script[src], link, object").length,
};
const table = document.querySelector("table");
const names = () => [...table.tBodies[0].rows].map((row) => row.cells[1].textContent);
const click = (text) => [...table.querySelectorAll("button")].find((each) => each.textContent === text).click();
told.before = names();
click("pages/s");
told.ascending = names();
click("pages/s");
told.descending = names();
click("backend");
told.named = names();
const result = document.createElement("pre");
result.id = "told";
result.textContent = JSON.stringify(told);
document.body.append(result);
</script>
"""

TEXTS = "return [...document.querySelectorAll('.chart text')].map((text) => text.getBoundingClientRect().toJSON())"

in_browser = pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium here to look at the page with")


def browse(path: Path, profile: Path) -> "subprocess.CompletedProcess[str]":
    """Return what chromium makes of a page: the document on stdout, what its console says on stderr."""
    command = [str(CHROMIUM), *FLAGS, f"--user-data-dir={profile}", "--dump-dom", path.as_uri()]
    return subprocess.run(command, capture_output=True, text=True, timeout=50, check=True)


def probe(made: Comparison, folder: Path) -> dict[str, Any]:
    """Return what the probe found on the page."""
    text = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page(made))
    (folder / "probed.html").write_text(text.replace("</body>", f"{PROBE}</body>"), encoding="utf-8")
    found = re.search(r'<pre id="told">(.*?)</pre>', browse(folder / "probed.html", folder / "profile").stdout, re.S)
    assert found is not None
    told: dict[str, Any] = json.loads(unescape(found[1]))
    return told


def hostile() -> Comparison:
    """Return a comparison with a hostile text wherever one that is not ours might come to stand."""
    split = replace(invented(network=1.0), timeline=HOSTILE)
    made = with_splits(comparison({"queue": [1, 2, 3], "rlock": [HOSTILE]}), queue=split)
    scene = made.scenes[0]
    results = tuple(replace(result, label=HOSTILE) for result in scene.results)
    machine = replace(made.machine, processor=HOSTILE, versions={HOSTILE: HOSTILE})
    return replace(
        made, scenes=(replace(scene, results=results),), machine=machine, skipped={HOSTILE: HOSTILE}, verdict=(HOSTILE,)
    )


@in_browser
def test_charts_are_drawn_tables_sort_and_the_console_is_silent(tmp_path: Path) -> None:
    runs = {"queue": [30.0, 31.0, 32.0], "asyncio": [4.0, 5.0, 6.0], "rlock": ["wrong"], "process-pool": [200.0] * 3}
    split = replace(invented(network=3.0, cpu=1.0, startup=2.0, idle=0.5), timeline="timelines/queue.html")
    made = with_splits(scaled({4: runs, 16: runs}), queue=split, process_pool=split)
    (tmp_path / "report.html").write_text(page(made), encoding="utf-8")
    seen = browse(tmp_path / "report.html", tmp_path / "profile")
    assert "CONSOLE" not in seen.stderr
    told = probe(made, tmp_path)
    assert told["charts"] == [True] * 6  # a curve, two for each number of consumers, and where the time went
    assert told["before"] == ["process-pool", "queue", "asyncio", "rlock"]
    assert told["ascending"] == ["asyncio", "queue", "process-pool", "rlock"]
    assert told["descending"] == told["before"]
    assert told["named"] == ["asyncio", "process-pool", "queue", "rlock"]
    assert told["elements"] == 0


@pytest.mark.parametrize(
    ("media", "width"), [("screen", 1400), ("screen", 500), ("print", 717)]
)  # A4, less its margins
def test_nothing_stands_out_of_the_page(media: str, width: int, tmp_path: Path) -> None:
    runs: dict[str, list[float | str]] = {"process-queue": [30.0, 31.0, 32.0], "thread-pool": [1000.0] * 3}
    split = invented(network=3.0, cpu=1.0, startup=2.0, idle=0.5)
    made = with_splits(scaled({4: runs, 16: runs, 64: runs}), process_queue=split, thread_pool=split)
    scenes = [
        replace(scene, results=tuple(replace(each, label=f"{each.label} (spawn)") for each in scene.results))
        for scene in made.scenes
    ]
    (tmp_path / "report.html").write_text(page(replace(made, scenes=tuple(scenes))), encoding="utf-8")
    with browser(tmp_path / "profile") as chrome:
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        chrome.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        chrome.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": media})
        chrome.get((tmp_path / "report.html").as_uri())
        assert chrome.execute_script("return document.documentElement.scrollWidth") == width
        boxes = chrome.execute_script(TEXTS)
    assert min(box["height"] for box in boxes) > 9  # what is smaller cannot be read
    assert min(box["left"] for box in boxes) >= 0


@in_browser
def test_hostile_names_do_not_run(tmp_path: Path) -> None:
    told = probe(hostile(), tmp_path)
    assert told["title"] == "Which backend for which work"
    assert told["elements"] == 0
    assert told["charts"] == [True, True, True]


@in_browser
def test_what_gets_past_the_escaping_is_not_run_by_the_browser(tmp_path: Path) -> None:
    text = page(comparison({"queue": [1, 2, 3]})).replace("<main>", "<main><script>document.title = 'run'</script>")
    (tmp_path / "report.html").write_text(text, encoding="utf-8")
    seen = browse(tmp_path / "report.html", tmp_path / "profile")
    assert "<title>Which backend for which work</title>" in seen.stdout
    assert "Content Security Policy" in seen.stderr  # so the console would have been heard


def test_a_page_is_small_asks_the_network_for_nothing_and_escapes_what_it_is_given() -> None:
    text = page(hostile())
    assert len(text.encode()) < 1_000_000
    assert not re.search(r"https?://|//[a-z]|\bsrc=|@import|url\(", text.replace(HOSTILE, "").replace("src=x", ""))
    assert "<script>document" not in text
    assert "<img" not in text
    assert "{{ 7 * 7 }}" in text
