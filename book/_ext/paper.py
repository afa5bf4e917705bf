"""Print the whole book into one PDF, with page numbers, an outline, and links that lead inside it.

    python book/_ext/paper.py

joins the articles of the site that `make book` built into one page and lets Chromium print it into
`_build/book.pdf`. The look on paper is that of the style sheet, under `@media print`.
"""

import re
import shutil
import sys
from pathlib import Path
from urllib.parse import urldefrag

import yaml

ROOT = Path(__file__).parents[2]
SITE = ROOT / "_build" / "html"
TARGET = ROOT / "_build" / "book.pdf"
BROWSERS = ("chromium", "chromium-headless-shell", "google-chrome", "chromium-browser")

ARTICLE = re.compile(r'<article class="bd-article">(.*)</article>', flags=re.S)
NEEDLESS = re.compile(
    r'<script.*?</script>|<button.*?</button>|<noscript.*?</noscript>|<a class="headerlink".*?</a>',
    flags=re.S,
)
PAGE_NUMBERS = """<style>
@page { @bottom-center { content: counter(page); font: 9pt sans-serif; color: #444; } }
article.bd-article { break-before: page; padding: 0; }
article.bd-article:first-of-type { break-before: auto; }
.bd-article-container { max-width: none !important; width: 100%; padding: 0; }
</style>"""


def docnames(root=ROOT):
    """Return the pages of the book in the order of its table of contents."""
    contents = yaml.safe_load((root / "_toc.yml").read_text(encoding="utf-8"))
    chapters = [entry["file"] for part in contents["parts"] for entry in part["chapters"]]
    return [contents["root"], *chapters]


def article(html, name, names):
    """Return the article of a page, its ids and links made those of the joined page."""
    text = NEEDLESS.sub("", ARTICLE.search(html)[1]).replace("<details", "<details open")
    text = re.sub(r'(<[^>]*? id=")([^"]+)"', rf"\g<1>{name}--\g<2>" + '"', text)

    def redirected(match):
        page, anchor = urldefrag(match[1])
        stem = page.removesuffix(".html") or name
        if re.match(r"[a-z]+:", match[1]):
            return match[0]
        if stem not in names:
            return ""  # a page that is not in the book, or a file of the site
        return f'href="#{stem}--{anchor}"' if anchor else f'href="#{stem}"'

    text = re.sub(r'href="([^"]*)"', redirected, text)
    return f'<article class="bd-article" id="{name}">{text}</article>'


def joined(site, pages):
    """Return all pages as one, to be opened beside them."""
    htmls = {Path(page).name: (site / f"{page}.html").read_text(encoding="utf-8") for page in pages}
    sheets = dict.fromkeys(
        tag for html in htmls.values() for tag in re.findall(r"<link[^>]*stylesheet[^>]*>", html)
    )
    articles = "\n".join(article(html, name, htmls) for name, html in htmls.items())
    title = re.search(r"<h1>(.*?)<", next(iter(htmls.values())))[1]
    return (
        f'<!doctype html><html lang="en" data-theme="light"><head><meta charset="utf-8">'
        f"<title>{title}</title>{''.join(sheets)}{PAGE_NUMBERS}</head><body>"
        f'<main class="bd-main"><div class="bd-content"><div class="bd-article-container">'
        f"{articles}</div></div></main></body></html>"
    )


def find_browser():
    """Return the path of a Chromium."""
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        sys.exit(f"Printing needs one of the browsers {', '.join(BROWSERS)}.")
    return program


def print_book(browser, site=SITE, target=TARGET, pages=None):
    """Let a browser print the built site."""
    pages = docnames() if pages is None else pages
    page = (site / pages[0]).parent / "_paper.html"
    page.write_text(joined(site, pages), encoding="utf-8")
    tab = browser.new_page(color_scheme="light")
    try:
        tab.goto(page.as_uri(), wait_until="load")
        tab.evaluate("document.fonts.ready")
        tab.pdf(
            path=target, prefer_css_page_size=True, print_background=True, outline=True, tagged=True
        )
    finally:
        tab.close()
        page.unlink()


def main():
    """Print the book with the Chromium of this machine."""
    from playwright.sync_api import sync_playwright

    arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(), args=arguments)
        print_book(browser)
        browser.close()
    print(f"The book is in {TARGET.relative_to(ROOT)}.")


if __name__ == "__main__":
    main()
