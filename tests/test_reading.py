"""What a reader does on a page of the built site, with pointer, keyboard, search and printer."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from pages import DOCNAMES

each_page = pytest.mark.parametrize("page", [*DOCNAMES, "search", "404", "genindex"])

# Formulas and highlighted code are nine tenths of the elements of a page and all of one kind; one
# page is looked at with them.
REPEATED = {"exclude": [["mjx-container"], [".highlight pre span"]]}
COMPLETE = "book/setup"


@pytest.fixture
def tab(browser):
    """A fresh tab, at most one open at a time."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    yield context.new_page()
    context.close()


def opened(tab, address):
    tab.goto(address, wait_until="load")
    tab.wait_for_timeout(150)  # folds and marks are made a moment later


# Accessibility.


@each_page
def test_axe_finds_no_fault_in_either_theme(tab, server, page):
    opened(tab, f"{server}/{page}.html")
    tab.evaluate(
        "[...document.querySelectorAll('.toggle-hidden button.toggle-button')].map(b => b.click())"
        "; [...document.querySelectorAll('article details')].map(d => d.open = true)"
    )
    # What fades in or out has a colour in between while it does.
    tab.add_style_tag(content="*, ::before, ::after { transition: none !important }")
    tab.wait_for_timeout(100)
    context = None if page == COMPLETE else REPEATED
    found = violations(tab, context, {})
    tab.evaluate("document.documentElement.dataset.theme = 'dark'")
    tab.wait_for_timeout(100)
    found += violations(tab, context, {"runOnly": ["color-contrast"]})
    assert found == []


def violations(tab, context, options):
    options = {"resultTypes": ["violations"], **options}
    results = Axe().run(tab, context=context, options=options)
    return [
        f"{fault['id']}: {node['html'][:150]} ({node['failureSummary'][:200]})"
        for fault in results.response["violations"]
        for node in fault["nodes"][:3]
    ]


def test_every_fold_has_a_name_of_its_own(tab, server):
    opened(tab, f"{server}/book/setup.html")
    names = tab.eval_on_selector_all(
        "button.toggle-button", "all => all.map(button => button.getAttribute('aria-label'))"
    )
    assert len(names) >= 3 and len(set(names)) == len(names)
    assert all("Solution to Exercise" in name for name in names)


# Folds, targets and copies.


def test_a_link_to_a_folded_solution_opens_it(tab, server):
    opened(tab, f"{server}/book/setup.html#sol-setup-units")
    solution = tab.locator("#sol-setup-units")
    assert "toggle-hidden" not in solution.get_attribute("class")
    assert tab.locator("#sol-setup-ball.toggle-hidden").count() == 1


def test_a_target_is_marked_and_lies_below_the_header(tab, server):
    opened(tab, f"{server}/book/collapse_bound.html#thm-rounds-interval")
    header = tab.locator(".bd-header-article").bounding_box()
    box = tab.locator("#thm-rounds-interval")
    assert box.bounding_box()["y"] >= header["y"] + header["height"]
    assert box.evaluate("element => getComputedStyle(element).outlineStyle") == "solid"


def test_a_copied_formula_is_tex(tab, server):
    opened(tab, f"{server}/book/setup.html")
    paragraph = tab.locator("article p:has(.math)").first
    copied = paragraph.evaluate(
        """element => {
            getSelection().selectAllChildren(element);
            const data = new DataTransfer();
            element.dispatchEvent(
                new ClipboardEvent("copy", { clipboardData: data, bubbles: true, cancelable: true }));
            return data.getData("text/plain");
        }"""
    )
    formula = paragraph.locator(".math").first.get_attribute("data-tex")
    assert formula.startswith("$") and formula in copied
    assert paragraph.inner_text().split()[0] in copied


def test_statements_have_a_link_to_themselves_and_proofs_an_end(tab, server):
    opened(tab, f"{server}/book/collapse_bound.html")
    statements = tab.locator("div.proof.admonition[id]")
    assert statements.count() > 5
    for box in statements.all():
        link = box.locator("> a.headerlink")
        assert link.get_attribute("href") == f"#{box.get_attribute('id')}"
    proofs = tab.locator("div.proof-text")
    assert proofs.count() == tab.locator(".proof-end").count() == tab.locator(".proof-word").count() > 2


# Cards.

REFERENCE = "article a.reference.internal[href='#thm-rounds-interval']"


def card(tab):
    return tab.locator("#card-of-target")


def test_the_pointer_opens_a_card_and_escape_closes_it(tab, server):
    opened(tab, f"{server}/book/collapse_bound.html")
    tab.locator(REFERENCE).first.hover()
    card(tab).wait_for(state="visible")
    assert "Theorem" in card(tab).inner_text() and card(tab).locator("mjx-container").count()
    assert card(tab).locator("[id]").count() == 0
    tab.keyboard.press("Escape")
    assert card(tab).is_hidden()


def test_the_keyboard_opens_a_card_that_describes_its_link(tab, built):
    opened(tab, (built / "html" / "book" / "collapse_bound.html").as_uri())
    tab.keyboard.press("Tab")  # the keyboard is in use
    link = tab.locator(REFERENCE).first
    link.focus()
    card(tab).wait_for(state="visible")
    assert link.get_attribute("aria-describedby") == "card-of-target"
    tab.keyboard.press("Tab")
    tab.keyboard.press("Escape")
    assert card(tab).is_hidden() and link.get_attribute("aria-describedby") is None


def test_a_reference_to_another_page_has_its_card_from_the_file_system_too(tab, built):
    opened(tab, (built / "html" / "book" / "collapse_bound.html").as_uri())
    link = tab.locator("article a.reference.internal[href^='bibliography.html#']").first
    title = link.get_attribute("title")
    link.hover()
    card(tab).wait_for(state="visible")
    assert title.split(".")[0].split()[-1] in card(tab).inner_text()


def test_a_tap_opens_the_card_and_a_second_one_goes_there(browser, server):
    context = browser.new_context(viewport={"width": 390, "height": 800}, has_touch=True)
    tab = context.new_page()
    opened(tab, f"{server}/book/collapse_bound.html")
    link = tab.locator(REFERENCE).first
    link.tap()
    card(tab).wait_for(state="visible")
    box = card(tab).bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= 390
    assert "#" not in tab.url
    link.tap()
    tab.wait_for_url("**#thm-rounds-interval")
    context.close()


# The search.


def first_hits(tab, origin, query):
    tab.goto(f"{origin}/search.html?q={query}")
    tab.wait_for_selector("#search-results ul.search li a")
    tab.wait_for_function("document.querySelector('.search-summary')?.textContent.includes('found')")
    return tab.locator("#search-results ul.search > li > a")


@pytest.mark.parametrize(
    ("query", "anchor"),
    [("Theorem 4.3", "thm-rounds-interval"), ("guaranteed rounds", "prp-guaranteed-rounds")],
)
@pytest.mark.parametrize("from_file", [False, True])
def test_the_search_finds_a_statement_by_number_and_by_name(
    tab, server, built, query, anchor, from_file
):
    hits = first_hits(tab, (built / "html").as_uri() if from_file else server, query)
    leading = [hit.get_attribute("href") for hit in hits.all()[:3]]
    assert any(href.endswith(f"#{anchor}") for href in leading), leading


@pytest.mark.parametrize(
    ("query", "target"),
    [
        ("RKHS", "closed_form.html#the-reproducing-property"),
        ("KKT", "setup.html#from-the-constraint-to-a-multiplier"),
        ("Tikhonov", "setup.html#from-the-constraint-to-a-multiplier"),
        ("ridge regression", "setup.html#from-the-constraint-to-a-multiplier"),
        ("overfitting", "when_to_stop.html"),
        ("kappa", "notation.html#everywhere"),
        ("κ", "notation.html#everywhere"),
        ("epsilon", "notation.html#everywhere"),
        ("c_t", "notation.html#everywhere"),
        ("r_0", "notation.html#everywhere"),
        ("Equation 4.12", "collapse_bound.html#equation-"),
        ("Figure 4.1", "collapse_bound.html#fig-collapse-norms"),
        ("Fig. 6.1", "spline_example.html#fig-"),
    ],
)
def test_the_search_knows_other_names_and_symbols(tab, built, query, target):
    hits = first_hits(tab, (built / "html").as_uri(), query)
    leading = [hit.get_attribute("href") for hit in hits.all()[:3]]
    assert any(target in href for href in leading), leading
    found = next(href for href in leading if target in href)
    tab.goto(f"{(built / 'html').as_uri()}/{found}")
    anchor = found.partition("#")[2]
    assert tab.evaluate("id => id === 'top' || document.getElementById(id) !== null", anchor)


@pytest.mark.parametrize(("one", "other"), [("regularization", "regularisation")])
def test_both_spellings_find_the_same(tab, server, one, other):
    found = [
        sorted(hit.get_attribute("href") for hit in first_hits(tab, server, query).all())
        for query in (one, other)
    ]
    assert found[0] == found[1] and len(found[0]) > 5


@pytest.mark.parametrize("from_file", [False, True])
def test_a_result_shows_what_was_looked_for_as_it_is_read(tab, server, built, from_file):
    first_hits(tab, (built / "html").as_uri() if from_file else server, "collapse bound")
    tab.wait_for_selector("#search-results p.context")
    tab.wait_for_timeout(500)
    excerpts = tab.locator("#search-results p.context").all_inner_texts()
    assert len(excerpts) > 5
    assert sum("collapse" in excerpt.lower() for excerpt in excerpts) > len(excerpts) / 2
    for excerpt in excerpts:
        assert not re.search(r"\\(?:frac|begin|kappa|le|\()", excerpt) and len(excerpt) < 300
    assert tab.locator("#search-results p.context span.highlighted").count() > 3


def test_what_was_searched_for_is_marked_on_the_page_and_its_fold_opens(tab, server):
    hits = first_hits(tab, server, "average")
    page = next(hit for hit in hits.all() if "setup.html" in hit.get_attribute("href"))
    page.click()
    tab.wait_for_selector("article span.highlighted")
    tab.wait_for_timeout(1200)
    assert tab.locator("article .solution span.highlighted").count() > 0
    assert tab.locator("article .toggle-hidden section span.highlighted").count() == 0
    color, ground = tab.locator("article span.highlighted").first.evaluate(
        "mark => [getComputedStyle(mark).color, getComputedStyle(mark).backgroundColor]"
    )
    assert (color, ground) == ("rgb(27, 27, 27)", "rgb(255, 224, 138)")


# Paper.


@pytest.mark.parametrize("page", ["book/index", "book/setup", "book/spline_example"])
def test_on_paper_a_page_is_light_whole_and_without_buttons(tab, server, page):
    tab.emulate_media(media="print", color_scheme="dark")
    tab.set_viewport_size({"width": 680, "height": 960})  # the text of an A4 page
    opened(tab, f"{server}/{page}.html")
    seen = tab.evaluate(
        """() => ({
            buttons: [...document.querySelectorAll(
                    'button, summary, .headerlink, input:not([type=radio])')]
                .filter(e => e.checkVisibility()).map(e => e.outerHTML.slice(0, 90)),
            filters: [...document.querySelectorAll('article img, article svg')]
                .map(e => getComputedStyle(e).filter).filter(f => f !== 'none'),
            cut: [...document.querySelectorAll('article pre')]
                .filter(e => e.scrollWidth > e.clientWidth + 1).length,
            color: getComputedStyle(document.querySelector('article p')).color,
            title: document.querySelector('article h1').checkVisibility(),
            folded: [...document.querySelectorAll('.solution section')]
                .filter(e => !e.checkVisibility({ visibilityProperty: true })).length,
        })"""
    )
    assert seen["buttons"] == [] and seen["filters"] == [] and seen["folded"] == 0
    assert seen["cut"] == 0 and seen["title"]
    lightness = sum(int(part) for part in seen["color"].strip("rgb()").split(","))
    assert lightness < 200, "dark letters, since paper is white"
