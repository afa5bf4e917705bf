"""The built site, read as files and opened in a browser."""

import functools
import gzip
import re
from types import SimpleNamespace

import pytest
from bs4 import BeautifulSoup
from pages import DOCNAMES

TELEPHONE, DESKTOP = 390, 1280
NARROWEST = 320  # a telephone, or a desktop at a zoom of 400 %

# The most that a page may weigh, as it is sent (compressed) and as it is read, in bytes.
WITH_FORMULAS = (400_000, 1_800_000)
WITHOUT_FORMULAS = (250_000, 900_000)
LONGEST_TASK = 300  # milliseconds, while it loads

each_page = pytest.mark.parametrize("page", DOCNAMES)
each_view = pytest.mark.parametrize(
    ("width", "theme"), [(DESKTOP, "light"), (TELEPHONE, "light"), (TELEPHONE, "dark")]
)


# The pages as files.


@pytest.fixture
def soup(built, page):
    html = (built / "html" / f"{page}.html").read_text(encoding="utf-8")
    return BeautifulSoup(html, "html.parser")


def test_building_the_book_changes_no_committed_file(changed_by_the_build):
    assert changed_by_the_build == set()


@each_page
def test_a_page_loads_nothing_from_elsewhere(page, soup):
    loaded = [tag.get("src") or "" for tag in soup(["script", "img", "iframe", "source"])]
    loaded += [tag["href"] for tag in soup("link") if tag["rel"] not in (["canonical"], ["next"])]
    assert [address for address in loaded if re.match(r"(https?:)?//", address)] == []


@each_page
def test_a_page_leads_to_no_repository_but_the_one_it_is_built_in(page, soup):
    addresses = [tag["href"] for tag in soup("a", href=True)]
    assert [address for address in addresses if "executablebooks" in address] == []


@each_page
def test_every_picture_of_the_text_is_described(page, soup):
    for picture in soup.article("img"):
        assert len(picture.get("alt", "").split()) > 4, picture["src"]


@each_page
def test_no_markup_shows_through(page, soup):
    article = soup.article
    for hidden in article(["pre", "code", "script", "style"]) + article(class_="math"):
        hidden.decompose()
    text = article.get_text()
    assert re.findall(r"\{[a-z]+(?::[a-z]+)?\}|:::|\$|np\.float64|\bnan\b|\\\w+", text) == []


@each_page
def test_every_labelled_statement_names_its_tests(page, soup):
    statements = soup.select("div.proof[id]:not(.proof-proof)")
    labelled = [box for box in statements if re.match(r"(def|prp|thm|lem|cor)-", box["id"])]
    for box in labelled:
        line = box.find(class_="checked-by")
        assert line is not None and re.search(r"tests/(\w+/)?test_", line.get_text()), box["id"]


@pytest.mark.parametrize("page", ["book/spline_example"])
def test_the_spline_page_shows_the_multipliers_and_the_rounds_of_the_paper(page, soup):
    for formula in soup.article.select("[data-tex]"):
        formula.replace_with(formula["data-tex"].strip("$"))
    text = " ".join(soup.article.get_text().split())
    for digits, power in (("4.885", 5), ("1.710", 4), ("3.898", 4), ("1.070", 3)):
        superscript = "⁰¹²³⁴⁵"[power]
        forms = (
            rf"{digits}e-0?{power}",
            rf"{digits} ?× ?10⁻{superscript}",
            rf"{digits} ?\\times ?10\^\{{-{power}\}}",
        )
        assert re.search("|".join(forms), text), digits
    assert re.search(r"\b(four|4) rounds\b", text)


# The pages in a browser.


MEASURE = """() => {
  const visible = [...document.querySelectorAll('article span.math, article div.math')];
  return {
    formulas: visible.length,
    untypeset: visible.filter(e => !e.querySelector('mjx-container')).map(e => e.textContent),
    wrong: [...document.querySelectorAll('mjx-merror')].map(e => e.textContent),
    missing: [...document.images].filter(i => !i.naturalWidth).map(i => i.src),
    cut: [...document.querySelectorAll('article p span.math')].filter(e =>
      [e, ...e.querySelectorAll('mjx-math > *')].some(part => part.getBoundingClientRect().right
        > e.closest('p').getBoundingClientRect().right + 1)
      && e.checkVisibility()).map(e => e.querySelector('math')?.textContent),
    unreachable: [...document.querySelectorAll('article :is(pre, div, mjx-container)')]
      .filter(e => e.scrollWidth > e.clientWidth + 1 && e.checkVisibility()
        && ['auto', 'scroll'].includes(getComputedStyle(e).overflowX)
        && e.tabIndex !== 0 && !e.querySelector('[tabindex="0"]'))
      .map(e => `${e.tagName} ${e.className}: ${e.textContent.slice(0, 60)}`),
    overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    theme: document.documentElement.dataset.theme,
    filters: [...document.querySelectorAll('article .cell_output img')]
      .map(i => getComputedStyle(i).filter),
  };
}"""


@pytest.fixture(scope="session")
def visit(browser):
    """Open a page once for each view and hand out what was seen there."""

    @functools.cache
    def look(address, width, theme):
        seen = SimpleNamespace(console=[], requests=[], failed=[])
        tab = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=theme)
        tab.on("console", lambda m: m.type in ("error", "warning") and seen.console.append(m.text))
        tab.on("pageerror", lambda error: seen.console.append(str(error)))
        tab.on("request", lambda request: seen.requests.append(request.url))
        tab.on("requestfailed", lambda request: seen.failed.append(request.url))
        tab.on("response", lambda r: r.status >= 400 and seen.failed.append(r.url))
        tab.goto(address, wait_until="load")
        tab.evaluate("document.fonts.ready")
        # Pictures far down the page may load when they come into sight.
        tab.evaluate("[...document.images].forEach(image => image.loading = 'eager')")
        tab.wait_for_function("[...document.images].every(image => image.complete)")
        tab.wait_for_timeout(100)  # what scrolls is found when it has its size
        vars(seen).update(tab.evaluate(MEASURE))
        tab.set_viewport_size({"width": NARROWEST, "height": 900})
        seen.narrow = tab.evaluate("document.documentElement.scrollWidth - innerWidth")
        tab.close()
        return seen

    return look


def assert_whole(seen, origin):
    assert seen.console == []
    assert seen.failed == []
    assert [url for url in seen.requests if not url.startswith((origin, "data:"))] == []
    assert seen.missing == []
    assert seen.untypeset == []
    assert seen.wrong == []


@each_view
@each_page
def test_a_page_is_whole_and_fits_the_screen(page, width, theme, visit, server):
    seen = visit(f"{server}/{page}.html", width, theme)
    assert_whole(seen, server)
    assert seen.theme == theme
    assert seen.overflow <= 0
    assert seen.cut == [], "formulas in a line that are wider than it"
    assert seen.unreachable == [], "what scrolls is reached by keyboard"
    assert seen.narrow <= 0, f"at {NARROWEST} pixels the page scrolls sideways"


@each_page
def test_a_page_is_light(page, visit, server, built):
    seen = visit(f"{server}/{page}.html", DESKTOP, "light")
    names = {url.removeprefix(server).split("?")[0] for url in seen.requests if url[:5] != "data:"}
    files = [(built / "html" / name.lstrip("/")).read_bytes() for name in names]
    compressed = sum(min(len(file), len(gzip.compress(file))) for file in files)
    raw = sum(map(len, files))
    limits = WITH_FORMULAS if seen.formulas else WITHOUT_FORMULAS
    assert compressed <= limits[0]
    assert raw <= limits[1]


@pytest.mark.parametrize("page", ["book/collapse_bound", "book/when_to_stop"])
def test_no_task_of_a_long_page_is_long(page, browser, built):
    """In time of the processor, which other programs lengthen less than they do time on the wall."""
    tasks = [main_tasks(browser, (built / "html" / f"{page}.html").as_uri()) for _ in range(2)]
    assert min(map(max, tasks)) < LONGEST_TASK


def main_tasks(browser, address):
    """Return what each task of a page takes while it loads, in milliseconds of the processor."""
    tab = browser.new_page(viewport={"width": DESKTOP, "height": 900})
    session = tab.context.new_cdp_session(tab)
    events, ended = [], []
    session.on("Tracing.dataCollected", lambda message: events.extend(message["value"]))
    session.on("Tracing.tracingComplete", lambda message: ended.append(message))
    session.send("Tracing.start", {"categories": "toplevel", "transferMode": "ReportEvents"})
    tab.goto(address, wait_until="load")
    tab.wait_for_timeout(800)
    session.send("Tracing.end")
    while not ended:
        tab.wait_for_timeout(50)
    tab.close()
    threads = {
        (event["pid"], event["tid"])
        for event in events
        if event.get("name") == "thread_name" and event["args"]["name"] == "CrRendererMain"
    }
    return [
        event["tdur"] / 1000
        for event in events
        if event["name"].endswith("::RunTask") and (event["pid"], event["tid"]) in threads
        if "tdur" in event
    ]


@each_page
def test_a_page_is_whole_when_opened_as_a_file(page, visit, built):
    address = (built / "html" / f"{page}.html").as_uri()
    assert_whole(visit(address, DESKTOP, "light"), (built / "html").as_uri())


@each_page
def test_figures_turn_light_on_a_dark_page_and_only_there(page, visit, server):
    dark = visit(f"{server}/{page}.html", TELEPHONE, "dark").filters
    light = visit(f"{server}/{page}.html", TELEPHONE, "light").filters
    assert len(dark) == len(light)
    assert all("invert(1)" in filter for filter in dark)
    assert not any("invert" in filter for filter in light)


def test_the_chapters_have_formulas_and_figures_at_all(visit, server):
    seen = [visit(f"{server}/{page}.html", TELEPHONE, "light") for page in DOCNAMES]
    assert sum(page.formulas for page in seen) > 100
    assert sum(len(page.filters) for page in seen) > 10


def test_the_front_door_says_what_the_book_is(built):
    page = BeautifulSoup((built / "html" / "index.html").read_text(encoding="utf-8"), "html.parser")
    assert page.title.get_text() == page.h1.get_text() == "Self-distillation in Hilbert space"
    assert len(page.p.get_text().split()) > 10
    assert page.a["href"] == f"{DOCNAMES[0]}.html"


def test_the_first_page_leads_to_a_section_on_the_readers_own_data(built):
    first, data = (
        BeautifulSoup((built / "html" / f"{page}.html").read_text(encoding="utf-8"), "html.parser")
        for page in (DOCNAMES[0], "book/real_data")
    )
    ways = [link["href"] for link in first.select(".start a")]
    assert len(ways) == 4 and ways[-1].startswith("real_data.html#")
    assert data.find(id=ways[-1].partition("#")[2]) is not None


def test_the_front_door_leads_to_the_first_page(browser, server):
    tab = browser.new_page()
    tab.goto(f"{server}/index.html")
    tab.wait_for_url(f"{server}/{DOCNAMES[0]}.html")
    tab.close()
