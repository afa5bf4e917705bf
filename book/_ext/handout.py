"""Print each deck of slides, with the notes beneath, into a PDF beside it.

    python book/_ext/handout.py

Run by `make slides`. Without Chromium or Chrome the slides are there, and the handouts are not.
"""

import shutil
from pathlib import Path

from paper import BROWSERS

ROOT = Path(__file__).parents[2]
SLIDES = ROOT / "_build" / "slides"


def print_decks(browser, folder=SLIDES):
    """Let a browser print every deck of a folder, a slide on each page."""
    for deck in sorted(folder.glob("*/*.html")):
        tab = browser.new_page()
        tab.goto(f"{deck.as_uri()}?notes", wait_until="load")
        tab.evaluate("document.fonts.ready")
        tab.pdf(path=deck.with_suffix(".pdf"), prefer_css_page_size=True, print_background=True)
        tab.close()


def main():
    from playwright.sync_api import sync_playwright

    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        print("The slides are in _build/slides. Handouts need Chromium or Chrome.")
        return
    arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=arguments)
        print_decks(browser)
        browser.close()
    print("Slides and handouts are in _build/slides.")


if __name__ == "__main__":
    main()
