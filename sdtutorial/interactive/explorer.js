// Moves the figure above it. The package has drawn everything; this only chooses what is shown.
(() => {
  const root = document.currentScript.closest(".sdt-explorer");
  const { first, positions } = JSON.parse(root.querySelector('[type="application/json"]').textContent);
  const form = root.querySelector("form");
  const control = form.elements.namedItem("position");
  const round = form.elements.namedItem("round");
  const groups = root.querySelectorAll(".sdt-marks");
  const labels = JSON.parse(control.dataset.labels ?? "[]");
  let drawn; // the position whose marks stand in the drawings

  const show = () => {
    const { numbers, marks } = positions[control.value];
    const last = first + numbers.round.length - 1;
    round.max = last; // the browser moves the round back where there are fewer
    const t = round.valueAsNumber;
    root.querySelector(".sdt-last").textContent = last;
    if (labels.length) control.setAttribute("aria-valuetext", labels[control.value]);
    round.setAttribute("aria-valuetext", numbers.round[t - first]);
    for (const shown of root.querySelectorAll("[data-value]")) {
      const text = numbers[shown.dataset.value][t - first];
      if (shown.textContent !== text) shown.textContent = text; // else it would be read out again
    }
    if (drawn !== control.value) groups.forEach((group, i) => { group.innerHTML = marks[i]; });
    drawn = control.value;
    for (const group of groups) {
      for (const mark of group.querySelectorAll("[data-t]")) {
        const s = Number(mark.dataset.t);
        mark.setAttribute("class", s === t ? "now" : s < t ? "past" : "later");
      }
    }
  };

  // The rounds one after the other; whoever asked for less motion sees one round a press.
  const button = form.querySelector(".sdt-play");
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const { step } = button.dataset;
  const names = still ? [`Next ${step}`, `Next ${step}`] : [`Play the ${step}s`, "Stop"];
  let timer;
  const stop = () => {
    clearInterval(timer);
    timer = undefined;
    button.textContent = names[0];
  };
  const next = () => {
    round.value = round.valueAsNumber < round.max ? round.valueAsNumber + 1 : first;
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
