// Moves the explorer above it. The values are the package's; this only chooses and draws them.
(() => {
  const root = document.currentScript.closest(".sdt-explorer");
  const { chains, frame } = JSON.parse(root.querySelector('[type="application/json"]').textContent);
  const form = root.querySelector("form");
  const tolerance = form.elements.namedItem("tolerance");
  const round = form.elements.namedItem("round");

  const path = (values) => {
    const points = values.map((value, i) => {
      const x = frame.left + ((frame.right - frame.left) * i) / (values.length - 1);
      const half = (frame.bottom - frame.top) / 2;
      const y = frame.top + half - (half * value) / frame.height;
      return `${x.toFixed(1)},${y.toFixed(1)}`;
    });
    return "M" + points.join("L");
  };

  const fits = (chain, t) => {
    const paths = chain.fits.slice(0, t + 1).map((fit, s) =>
      `<path d="${path(fit)}" stroke="${chain.colors[s]}" class="${s === t ? "now" : "before"}"/>`);
    if (t === chain.rounds) {
      paths.push(`<path d="${path([0, 0])}" stroke="${frame.muted}" class="now"/>`);
    }
    return paths.join("");
  };

  const bars = (chain, t) => {
    if (t === chain.rounds) {
      const x = ((frame.left + frame.right) / 2).toFixed(1);
      const y = ((frame.top + frame.bottom) / 2).toFixed(1);
      return `<text x="${x}" y="${y}" text-anchor="middle">all filters are zero</text>`;
    }
    const powers = chain.log_filters[t];
    const width = (frame.right - frame.left) / powers.length;
    const rects = powers.map((power, k) => {
      const length = ((frame.bottom - frame.top) * power) / frame.lowest;
      return `<rect x="${(frame.left + width * (k + 0.15)).toFixed(1)}" ` +
        `y="${frame.top.toFixed(1)}" width="${(0.7 * width).toFixed(1)}" ` +
        `height="${length.toFixed(1)}"/>`;
    });
    return `<g fill="${chain.colors[t]}">${rects.join("")}</g>`;
  };

  const errors = (chain, t) => {
    const values = chain.errors.map((error) => Math.min(Number(error), frame.highest_error));
    const points = values.map((value, s) => [
      (frame.left + ((frame.right - frame.left) * (s + 0.5)) / values.length).toFixed(1),
      (frame.bottom - ((frame.bottom - frame.top) * value) / frame.highest_error).toFixed(1),
    ]);
    const stride = 1 + Math.floor(values.length / 10);
    const colors = [...chain.colors, frame.muted];
    const marks = points.map(([x, y], s) =>
      `<circle cx="${x}" cy="${y}" r="${s === t ? 7 : 3.5}" fill="${colors[s]}"/>` +
      (s % stride ? "" : `<text x="${x}" y="${frame.bottom + 16}" text-anchor="middle">${s}</text>`));
    return `<path d="M${points.join("L")}" stroke="${frame.muted}"/>` + marks.join("");
  };

  const drawn = { ".fits": fits, ".bars": bars, ".errors": errors };

  const show = () => {
    const chain = chains[tolerance.valueAsNumber];
    round.max = chain.rounds; // the browser moves the round back where the chain has fewer
    const t = round.valueAsNumber;
    const roundText = t === chain.rounds ? `${t}, collapsed to zero` : `${t}`;
    tolerance.setAttribute("aria-valuetext", chain.tolerance);
    round.setAttribute("aria-valuetext", roundText);
    const texts = {
      tolerance: chain.tolerance,
      round: roundText,
      rounds: chain.rounds,
      multiplier: chain.multipliers[t],
      "norm-ratio": chain.norm_ratios[t],
      error: chain.errors[t],
    };
    for (const [name, text] of Object.entries(texts)) {
      for (const shown of root.querySelectorAll(`[data-value="${name}"]`)) shown.textContent = text;
    }
    for (const [place, draw] of Object.entries(drawn)) {
      const group = root.querySelector(place);
      if (group) group.innerHTML = draw(chain, t);
    }
  };

  // The rounds one after the other; whoever asked for less motion sees one round a press.
  const button = form.querySelector(".sdt-play");
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const names = still ? ["Next round", "Next round"] : ["Play the rounds", "Stop"];
  let timer;
  const stop = () => {
    clearInterval(timer);
    timer = undefined;
    button.textContent = names[0];
  };
  const next = () => {
    round.value = round.valueAsNumber < round.max ? round.valueAsNumber + 1 : 0;
    show();
    if (round.valueAsNumber >= round.max) stop();
  };
  button.addEventListener("click", () => {
    if (timer) return stop();
    next();
    if (still || round.valueAsNumber >= round.max) return;
    timer = setInterval(next, 900);
    button.textContent = names[1];
  });
  stop();

  form.addEventListener("input", () => {
    stop();
    show();
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  form.hidden = false;
  show();
})();
