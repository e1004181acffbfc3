// Lists of names, one a line: a field beside each finds a name while somebody types.
const adder = document.getElementById("list-adder");

for (const list of document.querySelectorAll("textarea[data-adds]")) {
  if (list.matches(":disabled")) continue;
  const row = adder.content.firstElementChild.cloneNode(true);
  const [input, button] = row.children;
  const label = document.querySelector(`label[for="${list.id}"]`).firstChild.textContent.trim();
  input.setAttribute("list", list.dataset.adds);
  input.setAttribute("aria-label", `Add to: ${label}`);
  button.setAttribute("aria-label", `Add to: ${label}`);
  button.addEventListener("click", () => add(list, input));
  input.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    add(list, input);
  });
  list.after(row);
}

function add(list, input) {
  const name = input.value.trim();
  const lines = list.value.split(/[\n,]/).map((line) => line.trim()).filter(Boolean);
  if (name && !lines.includes(name)) lines.push(name);
  list.value = lines.join("\n");
  input.value = "";
  input.focus();
}

// On a narrow screen the preview stands below the long form.
document.addEventListener("htmx:load", (event) => {
  if (event.detail.elt.id === "preview") event.detail.elt.scrollIntoView({ block: "nearest" });
});
