"""--trace, from the command line to the page in a real browser."""

import json
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from selenium.webdriver import ActionChains, Chrome, Keys
from selenium.webdriver.common.actions.wheel_input import ScrollOrigin
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

from crawler.backends.registry import BACKENDS
from crawler.model import Role, Task
from crawler.trace.drawing import picture
from crawler.trace.recorder import Trip
from crawler.trace.timeline import timeline
from tests.contract.servers import RawServer, always, html
from tests.integration.browser import browser, console, dark
from tests.integration.shop import command, lines
from tests.unit.trace.recordings import recording, trip

LIMIT = 50.0
HOSTILE = "</script><script>window.harmed = 1</script><img src=x onerror='window.harmed = 1'>"


def run(*args: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command(*args), capture_output=True, text=True, timeout=LIMIT, check=False)


def shop(folder: Path, *args: str, backend: str = "rlock") -> list[str]:
    return [f"--backend={backend}", f"--out={folder}", "--set=fixture.pages=60", "--set=fixture.latency=0.005", *args]


# ---- the command line


def test_a_traced_crawl_leaves_both_files_and_says_where(tmp_path: Path) -> None:
    done = run(*shop(tmp_path, "--trace", "--consumers=4"))
    assert done.returncode == 0, done.stderr
    assert str(tmp_path / "timeline.html") in done.stderr
    told = json.loads((tmp_path / "trace.json").read_text(encoding="utf-8"))
    about = told["otherData"]
    assert (about["backend"], about["client"], about["consumers"]) == ("rlock", BACKENDS["rlock"].client, 4)
    urls = {event["args"]["url"] for event in told["traceEvents"] if "url" in event.get("args", {})}
    assert urls >= {page["url"] for page in lines(tmp_path / "pages.jsonl")}
    assert not list(tmp_path.glob("*.part"))


def test_a_crawl_that_is_not_traced_leaves_neither_and_takes_away_what_was_traced_before(tmp_path: Path) -> None:
    assert run(*shop(tmp_path, "--trace", "--quiet")).returncode == 0
    assert run(*shop(tmp_path, "--overwrite", "--quiet")).returncode == 0
    assert {path.suffix for path in tmp_path.iterdir()} == {".jsonl", ".json", ".db"}
    assert not (tmp_path / "trace.json").exists()


def test_a_crawl_that_is_taken_up_again_is_traced_from_there_on(tmp_path: Path) -> None:
    assert run(*shop(tmp_path, "--trace", "--quiet", "--max-pages=10")).returncode == 0
    assert run(*shop(tmp_path, "--trace", "--quiet", "--resume")).returncode == 0
    events = json.loads((tmp_path / "trace.json").read_text(encoding="utf-8"))["traceEvents"]
    tasks = [event["args"]["url"] for event in events if "url" in event.get("args", {})]
    assert len(tasks) == len(lines(tmp_path / "pages.jsonl")) - 10 + 1, "robots.txt is asked for again"


def test_a_trace_that_cannot_be_written_is_one_line_and_the_crawl_is_whole(tmp_path: Path) -> None:
    assert run(*shop(tmp_path, "--quiet", "--max-pages=10")).returncode == 0
    (tmp_path / "timeline.html").mkdir()
    done = run(*shop(tmp_path, "--trace", "--quiet", "--resume"))
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1), done.stderr
    assert len(lines(tmp_path / "items.jsonl")) == 60
    assert json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))["status"] == "finished"


# ---- the page


@pytest.fixture(scope="module")
def chrome(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    with browser(tmp_path_factory.mktemp("profile")) as chrome:
        yield chrome


@pytest.fixture(scope="module")
def crawled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The timeline of a crawl."""
    folder = tmp_path_factory.mktemp("crawl")
    assert run(*shop(folder, "--trace", "--quiet", "--consumers=4")).returncode == 0
    return folder / "timeline.html"


def show(chrome: Chrome, page: Path) -> WebElement:
    """Open a page, see that it is content with itself, and return its chart."""
    dark(chrome, False)
    chrome.get(page.as_uri())
    assert console(chrome) == []
    assert chrome.execute_script("return performance.getEntriesByType('resource').length") == 0
    chart = chrome.find_element(By.ID, "chart")
    assert chart.is_displayed()
    return chart


def made(folder: Path, trips: Sequence[Trip], wall: float, title: str = "made") -> Path:
    page = folder / "timeline.html"
    page.write_text(timeline(picture(recording(*trips, wall=wall, limit=10**6)), title, ["It is made."]), "utf-8")
    return page


def count(chrome: Chrome) -> tuple[int, int]:
    body = chrome.find_element(By.TAG_NAME, "body")
    return int(body.get_attribute("data-lanes") or 0), int(body.get_attribute("data-spans") or 0)


def seen(chart: WebElement) -> tuple[float, float]:
    """Return from when to when the chart shows, in microseconds."""
    return float(chart.get_attribute("data-from") or -1), float(chart.get_attribute("data-to") or -1)


def pixels(chrome: Chrome) -> dict[str, int]:
    """Return how many pixels of the canvas have which colour."""
    found: dict[str, int] = chrome.execute_script("""
        const canvas = document.getElementById("lanes"), found = {};
        const copy = document.createElement("canvas");
        [copy.width, copy.height] = [canvas.width, canvas.height];
        const pen = copy.getContext("2d", { willReadFrequently: true });
        pen.drawImage(canvas, 0, 0);
        const image = pen.getImageData(0, 0, copy.width, copy.height).data;
        for (let at = 0; at < image.length; at += 4) {
            const colour = `${image[at]},${image[at + 1]},${image[at + 2]},${image[at + 3]}`;
            found[colour] = (found[colour] || 0) + 1;
        }
        return found;
    """)
    return found


def point(chrome: Chrome, chart: WebElement, x: float, y: float) -> ActionChains:
    """Return actions that begin with moving the pointer to a place within the chart, from its left upper corner."""
    return ActionChains(chrome).move_to_element_with_offset(
        chart, int(x - chart.size["width"] / 2), int(y - chart.size["height"] / 2)
    )


def test_it_shows_a_lane_a_worker_and_what_each_did(chrome: Chrome, crawled: Path) -> None:
    show(chrome, crawled)
    heading = chrome.find_element(By.TAG_NAME, "h1").text
    assert heading.startswith("rlock: 6")
    assert heading.split(" in ")[1].split()[1] in ("s", "ms")
    assert chrome.title == heading
    number, spans = count(chrome)
    assert number == 1 + 1 + 4
    assert spans > 60 * 4
    rows = chrome.find_elements(By.CSS_SELECTOR, "#table tbody tr")
    assert [row.find_element(By.TAG_NAME, "th").text for row in rows] == [
        "all workers",
        *("list-0", "detail-0", "detail-1", "detail-2", "detail-3"),
    ]
    assert "waiting for the server" in chrome.find_element(By.ID, "story").text
    legend = chrome.find_element(By.ID, "legend").text
    assert "parsing, on the CPU" in legend
    assert "looked at the hand-off" in legend
    assert len([colour for colour, number in pixels(chrome).items() if number > 50]) >= 5


def test_the_wheel_the_buttons_the_keys_and_dragging_zoom_and_pan(chrome: Chrome, crawled: Path) -> None:
    chart = show(chrome, crawled)
    whole, drawn = seen(chart), pixels(chrome)
    assert whole[0] == 0

    middle = ScrollOrigin.from_element(chart, 300, 0)
    ActionChains(chrome).scroll_from_origin(middle, 0, -200).perform()
    near = seen(chart)
    assert near[0] > 0
    assert near[1] < whole[1], "towards the pointer"
    assert near[1] - near[0] == pytest.approx((whole[1] - whole[0]) / 2, rel=0.01)
    assert pixels(chrome) != drawn

    point(chrome, chart, 700, 60).click_and_hold().move_by_offset(100, 0).release().perform()
    dragged = seen(chart)
    assert dragged[0] < near[0], "what is dragged to the right comes from the left"
    assert dragged[1] - dragged[0] == pytest.approx(near[1] - near[0])

    keys = ActionChains(chrome)
    keys.send_keys(Keys.ARROW_RIGHT).perform()
    assert seen(chart)[0] > dragged[0]
    keys.send_keys("+").perform()
    assert seen(chart)[1] - seen(chart)[0] == pytest.approx((near[1] - near[0]) / 2)
    keys.send_keys("0").perform()
    assert seen(chart) == whole
    assert pixels(chrome) == drawn

    chrome.find_element(By.ID, "in").click()
    assert seen(chart)[1] - seen(chart)[0] == pytest.approx(whole[1] / 2)
    chrome.find_element(By.ID, "out").click()
    assert seen(chart) == pytest.approx(whole)
    chrome.find_element(By.ID, "in").click()
    chrome.find_element(By.ID, "all").click()
    assert seen(chart) == whole
    assert console(chrome) == []


def test_pointing_at_a_task_tells_its_url_and_what_it_took(chrome: Chrome, tmp_path: Path) -> None:
    one = trip("w", 0.0, 2.0, 2.5, 6.0, 7.0, 8.0, task=Task("http://a.test/one?x=1", Role.DETAIL), title="One")
    chart = show(chrome, made(tmp_path, [one], 10.0))
    tip = chrome.find_element(By.ID, "tip")
    assert not tip.is_displayed()
    width = chart.size["width"]
    point(chrome, chart, 150 + (width - 150) * 0.4, 22 + 26 + 10).perform()
    assert tip.is_displayed()
    for part in ("waiting for the server, 3.50 s", "http://a.test/one?x=1", "“One”", "detail, ok", "1.00 s"):
        assert part in tip.text
    point(chrome, chart, 150 + (width - 150) * 0.95, 22 + 26 + 10).perform()
    assert "waiting for work" in tip.text
    assert "http" not in tip.text
    point(chrome, chart, 10, 10).perform()
    assert not tip.is_displayed()


def test_a_kind_can_be_singled_out(chrome: Chrome, crawled: Path) -> None:
    show(chrome, crawled)
    drawn = pixels(chrome)
    button = chrome.find_element(By.XPATH, "//div[@id='legend']//button[contains(., 'parsing, on the CPU')]")
    button.click()
    assert button.get_attribute("aria-pressed") == "true"
    assert pixels(chrome) != drawn
    button.click()
    assert button.get_attribute("aria-pressed") == "false"
    assert pixels(chrome) == drawn


def test_it_is_dark_where_dark_is_preferred(chrome: Chrome, crawled: Path) -> None:
    show(chrome, crawled)
    light = pixels(chrome)
    ground = chrome.find_element(By.TAG_NAME, "body").value_of_css_property("background-color")
    soon = WebDriverWait(chrome, 10)
    dark(chrome, True)
    assert chrome.find_element(By.TAG_NAME, "body").value_of_css_property("background-color") != ground
    assert soon.until(lambda chrome: pixels(chrome) != light), "the lanes too"
    dark(chrome, False)
    assert soon.until(lambda chrome: pixels(chrome) == light)


@pytest.mark.parametrize(("workers", "tasks"), [(4, 50), (64, 60)])
def test_all_of_few_and_of_many_lanes_are_legible(chrome: Chrome, tmp_path: Path, workers: int, tasks: int) -> None:
    trips = [
        trip(f"detail-{worker}", n, *(n + part for part in (0.1, 0.2, 0.7, 0.8, 0.9)))
        for worker in range(workers)
        for n in range(tasks)
    ]
    chart = show(chrome, made(tmp_path, trips, float(tasks)))
    lanes, spans = count(chrome)
    assert lanes == workers + 1
    assert spans > workers * tasks * 5, "20,000 where there are 64"
    assert chart.size["height"] / lanes >= 10, "points for each lane, text and all"
    assert chrome.execute_script("return document.documentElement.scrollWidth <= window.innerWidth")
    assert console(chrome) == []


def test_what_a_web_site_wrote_is_text_wherever_it_stands(chrome: Chrome, tmp_path: Path) -> None:
    task = Task(f"http://a.test/{HOSTILE}", Role.DETAIL)
    hostile = trip(HOSTILE, 0.0, 1.0, 1.0, 9.0, 9.0, 9.0, task=task, title=HOSTILE, result=HOSTILE)
    chart = show(chrome, made(tmp_path, [hostile], 10.0, title=HOSTILE))
    point(chrome, chart, 150 + (chart.size["width"] - 150) * 0.5, 22 + 26 + 10).perform()
    assert chrome.find_element(By.ID, "tip").text.count(HOSTILE) == 4, "worker, URL, title, result"
    assert chrome.find_element(By.TAG_NAME, "h1").text == HOSTILE
    assert chrome.execute_script("return window.harmed") is None
    assert chrome.find_elements(By.TAG_NAME, "img") == []
    assert console(chrome) == []


def test_the_title_of_a_hostile_page_runs_no_script(chrome: Chrome, tmp_path: Path) -> None:
    title = HOSTILE.replace("<", "&lt;")
    with RawServer(always(html(f"<!doctype html><title>{title}</title>".encode()))) as server:
        url = f"{server.origin}/?q=</script><script>window.harmed=1</script>"
        args = ["--trace", "--quiet", f"--start-url={url}", f"--out={tmp_path}", "--set=extract.fields.title=title"]
        done = run(*args, "--set=politeness.obey_robots=false")
    assert done.returncode == 0, done.stderr
    assert [item["title"] for item in lines(tmp_path / "items.jsonl")] == [HOSTILE]
    chart = show(chrome, tmp_path / "timeline.html")
    chrome.execute_script("show(trip(0).started, trip(0).finished)")
    point(chrome, chart, 150 + (chart.size["width"] - 150) * 0.5, 22 + 26 + 10).perform()
    tip = chrome.find_element(By.ID, "tip")
    assert HOSTILE[:80] in tip.text
    assert chrome.execute_script("return window.harmed") is None
    assert console(chrome) == []
