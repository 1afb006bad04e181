// Tables and lists: what matches the filters; rows sorted by the heading that was pressed.

const MOST_SHOWN = 20;

function sortable(table) {
  table.querySelectorAll("thead th").forEach((heading, column) => {
    const button = make("button", "", { type: "button" });
    button.append(...heading.childNodes);
    button.addEventListener("click", () => sortBy(table, heading, column));
    heading.append(button);
  });
}

function sortBy(table, heading, column) {
  const up = heading.getAttribute("aria-sort") === "descending";
  for (const each of table.querySelectorAll("th[aria-sort]")) each.removeAttribute("aria-sort");
  heading.setAttribute("aria-sort", up ? "ascending" : "descending");
  const body = table.tBodies[0];
  const rows = [...body.rows].map((row) => [sortKey(row.cells[column]), row]);
  rows.sort(([a], [b]) => (up ? 1 : -1) * compared(a, b));
  body.append(...rows.map(([, row]) => row));
  filterItems(table, chosenPeriod());
}

function sortKey(cell) {
  const value = cell.dataset.value ?? cell.textContent.trim();
  return value !== "" && !Number.isNaN(Number(value)) ? Number(value) : value;
}

// Numbers by size, texts by the alphabet; what is unknown comes below every number.
function compared(a, b) {
  if (typeof a === "number" && typeof b === "number") return a === b ? 0 : a - b;
  if (typeof a === typeof b) return a.localeCompare(b);
  return typeof a === "number" ? 1 : -1;
}

// Of a long table or list the first few are shown, until all are asked for.
function filterItems(container, period) {
  const items = itemsOf(container);
  const fitting = items.filter((each) => fits(each.dataset, period));
  const most = container.dataset.all ? fitting.length : MOST_SHOWN;
  for (const each of items) each.hidden = true;
  for (const each of fitting.slice(0, most)) each.hidden = false;
  say(`${container.id}-shown`, shownText(Math.min(most, fitting.length), fitting.length, items.length));
  const button = document.getElementById(`${container.id}-more`);
  button.hidden = fitting.length <= most;
  button.textContent = `Show all ${fitting.length}`;
}

function shownText(shown, fitting, all) {
  const match = fitting < all ? `${fitting} of ${all} match what is chosen. ` : "";
  return shown < fitting ? `${match}The first ${shown} are shown.` : match;
}

function itemsOf(container) {
  return [...(container.tBodies ? container.tBodies[0].rows : container.children)];
}

function addMore(container) {
  const button = make("button", "", { type: "button", class: "more", id: `${container.id}-more` });
  button.addEventListener("click", () => {
    container.dataset.all = "yes";
    filterItems(container, chosenPeriod());
  });
  (container.closest(".wide") || container).after(button);
}
