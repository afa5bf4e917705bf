// Tells whoever has chosen an answer of a question whether it is right, and why.
document.addEventListener("click", (event) => {
  const button = event.target.closest("fieldset.question > button");
  if (!button) return;
  const question = button.parentElement;
  const chosen = question.querySelector("input:checked");
  const told = question.querySelector("[role=status]");
  if (!chosen) {
    told.textContent = "Choose an answer first.";
    return;
  }
  const why = chosen.parentElement.querySelector("template");
  const right = why.dataset.right === "true";
  told.textContent = `${right ? "Right." : "Not this one."} ${why.content.textContent}`;
  question.dataset.right = right;
});
