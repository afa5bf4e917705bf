// Writes under each result of a search the piece of its page that holds what was looked for.
(() => {
  "use strict";
  const results = document.getElementById("search-results");
  if (!results || typeof Search === "undefined") return;
  const root = new URL(document.documentElement.dataset.content_root || "./", location.href);
  const pages = new Map(); // page -> promise of its text and places
  const waiting = new Map();
  window.bookExcerpts = (page, text, places) => waiting.get(page)?.({ text, places });
  const textOf = (page) => {
    if (!pages.has(page)) {
      pages.set(page, new Promise((resolve, reject) => {
        waiting.set(page, resolve);
        const script = document.createElement("script");
        script.src = new URL(`_static/excerpts/${page}.js`, root);
        script.onerror = reject;
        document.head.append(script);
      }));
    }
    return pages.get(page);
  };

  const query = new URLSearchParams(location.search).get("q") ?? "";
  // What is called as the query says comes first: Figure 4.1 before Figure 14.1.
  const called = query.trim().toLowerCase().replace(/^fig\.? /, "figure ").replace(/^eq\.? /, "equation ");
  Scorer.score = ([, title, , , score]) => (title.toLowerCase() === called ? score + 100 : score);
  const stemmer = new Stemmer();
  const words = splitQuery(query).filter((word) => !stopwords.includes(word));
  // As it is typed, else as far as all its forms go.
  const sought = [...words, ...words.map((word) => stemmer.stemWord(word))].filter((word) => word);

  const LENGTH = 240;
  const excerpt = ({ text, places }, anchor) => {
    const lower = text.toLowerCase();
    const start = places[anchor] ?? 0;
    const found = sought.map((word) => lower.indexOf(word, start)).filter((place) => place >= 0);
    const place = found.length && (!anchor || found[0] < start + 4000) ? found[0] : start;
    let from = Math.max(start, place - LENGTH / 2);
    if (from > start) from = text.indexOf(" ", from) + 1;
    let to = Math.min(text.length, from + LENGTH);
    if (to < text.length) to = Math.max(text.lastIndexOf(" ", to), from + 1);
    return `${from > start ? "… " : ""}${text.slice(from, to).trim()}${to < text.length ? " …" : ""}`;
  };

  const complete = async (item) => {
    const link = item.querySelector("a[href]");
    if (!link || item.querySelector(".context")) return;
    const url = new URL(link.href);
    const page = url.href.split(/[?#]/)[0].slice(root.href.length).replace(/\.html$/, "");
    let found;
    try { found = await textOf(page); } catch { return; }
    const summary = document.createElement("p");
    summary.className = "context";
    summary.textContent = excerpt(found, decodeURIComponent(url.hash.slice(1)));
    item.append(summary);
    for (const word of words) _highlightText(summary, word, "highlighted");
  };

  const seen = new WeakSet();
  const watch = () => {
    for (const item of results.querySelectorAll("ul.search > li")) {
      if (!seen.has(item)) complete(item);
      seen.add(item);
    }
  };
  new MutationObserver(watch).observe(results, { childList: true, subtree: true });
  watch();
})();
