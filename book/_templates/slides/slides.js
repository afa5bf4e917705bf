if (location.search.includes("notes")) document.documentElement.classList.add("notes");
const slides = [...document.querySelectorAll("section")];
const distance = (slide) => Math.abs(slide.getBoundingClientRect().top);
const here = () => slides.reduce((best, slide, i) => (distance(slide) < distance(slides[best]) ? i : best), 0);
const steps = { ArrowRight: 1, ArrowDown: 1, PageDown: 1, " ": 1, ArrowLeft: -1, ArrowUp: -1, PageUp: -1,
  Home: -slides.length, End: slides.length };
addEventListener("keydown", (event) => {
  const step = steps[event.key];
  if (event.target.closest("input, button, select")) return; // a slider of a figure has keys of its own
  if (!step || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  slides[Math.max(0, Math.min(slides.length - 1, here() + step))].scrollIntoView();
});
