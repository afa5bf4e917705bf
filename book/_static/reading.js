// What a page does for its reader: folds open for what is looked for, a reference shows its target,
// what scrolls can be reached by keyboard, a copied formula is TeX.
(() => {
  "use strict";
  const root = document.documentElement;
  const article = document.querySelector("article.bd-article");
  if (!article) return;

  // --- Names that say what a control does ------------------------------------------------------
  const named = () => {
    for (const button of document.querySelectorAll("button.toggle-button")) {
      const title = button.closest(".admonition")?.querySelector(".admonition-title");
      if (title) button.setAttribute("aria-label", `Show or hide: ${title.innerText.trim()}`);
    }
    for (const summary of article.querySelectorAll("summary")) summary.removeAttribute("aria-label");
    for (const button of document.querySelectorAll("button[aria-label]")) {
      const words = button.innerText.replace(/\s+/g, " ").trim();
      if (words && !button.getAttribute("aria-label").includes(words)) {
        button.setAttribute("aria-label", words);
      }
    }
    for (const link of document.querySelectorAll("a.btn-download-source-button")) {
      link.removeAttribute("target");
      link.setAttribute("download", "");
    }
  };

  // --- What is too wide scrolls, and can then be reached by keyboard ----------------------------
  const WIDE = "pre, div.math, mjx-container[display], .pst-scrollable-table-container";
  const scrolls = (element) => element.scrollWidth > element.clientWidth + 1 &&
    getComputedStyle(element).overflowX !== "visible";
  const reach = (element, scrolling) => {
    element.classList.toggle("scrolls", scrolling);
    if (scrolling) element.tabIndex = 0;
    else element.removeAttribute("tabindex");
  };
  const watchWidths = () => {
    // All are measured before one is changed, else the page would be laid out after each change.
    const observer = new ResizeObserver((entries) => {
      const measured = entries.map(({ target }) => [target, scrolls(target)]);
      measured.forEach(([element, scrolling]) => reach(element, scrolling));
    });
    article.querySelectorAll(WIDE).forEach((element) => observer.observe(element));
  };

  // --- Folds open for what they hold ------------------------------------------------------------
  const unfold = (element) => {
    for (let box = element; box && box !== article; box = box.parentElement) {
      if (box.tagName === "DETAILS") box.open = true;
      if (box.classList.contains("toggle-hidden")) box.querySelector("button.toggle-button")?.click();
    }
  };
  const toTarget = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target || !article.contains(target)) return;
    unfold(target);
    target.scrollIntoView();
  };
  let marked = false;
  const toMarks = () => {
    const marks = [...article.querySelectorAll("span.highlighted")];
    marks.forEach(unfold);
    if (marks.length && !marked && !location.hash) marks[0].scrollIntoView({ block: "center" });
    marked ||= marks.length > 0;
  };

  // --- A copied formula is TeX ------------------------------------------------------------------
  document.addEventListener("copy", (event) => {
    const selection = getSelection();
    if (selection.isCollapsed || event.target.closest?.("input, textarea")) return;
    const part = document.createElement("div");
    for (let i = 0; i < selection.rangeCount; i++) part.append(selection.getRangeAt(i).cloneContents());
    const formulas = part.querySelectorAll("[data-tex]");
    if (!formulas.length) return;
    for (const formula of formulas) {
      const shown = formula.dataset.tex;
      formula.replaceWith(shown.startsWith("$$") ? `\n${shown}\n` : shown);
    }
    part.querySelectorAll(".headerlink, button").forEach((element) => element.remove());
    part.style.cssText = "position: fixed; left: -9999px; white-space: pre-line";
    document.body.append(part);
    event.clipboardData.setData("text/plain", part.innerText.trim());
    part.remove();
    event.preventDefault();
  });

  // --- Cards ------------------------------------------------------------------------------------
  const base = new URL(root.dataset.content_root || "./", location.href);
  const files = new Map(); // page -> promise of its cards by id
  const waiting = new Map();
  window.bookCards = (page, cards) => waiting.get(page)?.(cards);
  const cardsOf = (page) => {
    if (!files.has(page)) {
      files.set(page, new Promise((resolve, reject) => {
        waiting.set(page, resolve);
        const script = document.createElement("script");
        script.src = new URL(`_static/cards/${page}.js`, base);
        script.onerror = reject;
        document.head.append(script);
      }));
    }
    return files.get(page);
  };
  const placeOf = (link) => {
    const url = new URL(link.href);
    const path = url.href.split("#")[0];
    const page = path.slice(base.href.length).replace(/\.html$/, "") || "index";
    return path.startsWith(base.href) && url.hash
      ? { page, id: decodeURIComponent(url.hash.slice(1)) } : null;
  };

  const card = document.createElement("div");
  card.id = "card-of-target";
  card.className = "card-of-target bd-content";
  card.setAttribute("role", "tooltip");
  card.hidden = true;
  let owner = null;
  let wanted = null; // the link whose card is asked for; it may come when another is, or none
  let timer;

  const hide = () => {
    clearTimeout(timer);
    wanted = null;
    card.hidden = true;
    owner?.removeAttribute("aria-describedby");
    owner = null;
  };
  const place = (link) => {
    const around = article.getBoundingClientRect();
    const box = link.getClientRects()[0];
    card.style.width = `${Math.min(around.width, 640)}px`;
    const left = Math.min(Math.max(box.left, around.left), around.right - card.offsetWidth);
    const below = innerHeight - box.bottom > Math.min(card.offsetHeight, 0.4 * innerHeight) + 12;
    const top = below ? box.bottom + 6 : box.top - card.offsetHeight - 6;
    card.style.left = `${Math.max(left, 8) + scrollX}px`;
    card.style.top = `${top + scrollY}px`;
  };
  const show = async (link) => {
    const where = placeOf(link);
    if (!where) return false;
    wanted = link;
    let content;
    try { content = (await cardsOf(where.page))[where.id]; } catch { return false; }
    if (!content) return false;
    if (wanted !== link) return true;
    if (link.title) { link.dataset.title = link.title; link.removeAttribute("title"); }
    hide();
    owner = link;
    card.innerHTML = `<div class="bd-article">${content}</div>`;
    for (const box of card.querySelectorAll(".toggle-hidden")) box.classList.remove("toggle-hidden");
    card.hidden = false;
    card.scrollTop = 0;
    link.setAttribute("aria-describedby", card.id);
    place(link);
    return true;
  };
  const soon = (action, after) => {
    clearTimeout(timer);
    timer = setTimeout(action, after);
  };

  const watchReferences = () => {
    document.body.append(card);
    const reference = (event) =>
      event.target.closest?.("article.bd-article a.reference.internal[href*='#']");
    let touched = false;
    document.addEventListener("pointerdown", (event) => { touched = event.pointerType === "touch"; });
    document.addEventListener("pointerover", (event) => {
      if (event.pointerType === "touch") return;
      const link = reference(event);
      if (link && !card.contains(link)) soon(() => show(link), 250);
      else if (card.contains(event.target)) clearTimeout(timer);
      else if (owner && document.activeElement !== owner) soon(hide, 300);
      else if (!owner) clearTimeout(timer);
    });
    document.addEventListener("focusin", (event) => {
      const link = reference(event);
      if (link && !card.contains(link) && link.matches(":focus-visible") && !touched) show(link);
      else if (!card.contains(event.target)) hide();
    });
    document.addEventListener("keydown", (event) => { if (event.key === "Escape") hide(); });
    // A tap shows the card, a second one on the same reference goes there.
    document.addEventListener("click", (event) => {
      const link = reference(event);
      if (touched && link && !card.contains(link) && link !== owner && placeOf(link)) {
        event.preventDefault();
        show(link).then((shown) => { if (!shown) location.href = link.href; });
      } else if (!card.contains(event.target) || reference(event)) hide();
    }, true);
  };

  // --- The drawers of a telephone close when an entry is chosen ---------------------------------
  document.addEventListener("click", (event) => {
    if (event.target.closest("dialog a[href]")) event.target.closest("dialog").close();
  });

  // --- A page opened as a file has no server, which a notebook in the browser needs --------------
  const withoutServer = () => {
    for (const link of document.querySelectorAll("a[href*='lite/notebooks/']")) {
      const menu = link.closest(".dropdown");
      link.closest("li").remove();
      if (!menu.querySelector("a")) menu.remove();
    }
  };

  // --- Paper is light ---------------------------------------------------------------------------
  const paper = matchMedia("print");
  let onScreen = null;
  const lighten = () => {
    if (paper.matches) {
      onScreen ??= root.dataset.theme;
      root.dataset.theme = "light";
    } else if (onScreen) {
      root.dataset.theme = onScreen;
      onScreen = null;
    }
  };

  const begin = () => {
    if (location.protocol === "file:") withoutServer();
    watchWidths();
    watchReferences();
    // The fold buttons and the marks of a search are made by scripts that wait a moment. To name
    // a button the page must be laid out: not in the task that has just read it.
    setTimeout(() => { named(); toTarget(); lighten(); }, 60);
    for (const wait of [60, 300, 1000]) setTimeout(toMarks, wait);
    paper.addEventListener("change", lighten);
    addEventListener("hashchange", toTarget);
    new MutationObserver(named).observe(article, { subtree: true, attributeFilter: ["aria-expanded"] });
  };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", begin);
  else begin();
})();
