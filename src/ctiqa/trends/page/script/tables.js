// Tables and lists: what matches the filters; rows sorted by the heading that was pressed.

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

function filterRows(table, period) {
  const shown = showFitting([...table.tBodies[0].rows], period);
  const count = table.tBodies[0].rows.length;
  say(`${table.id}-shown`, shown === count ? "" : `${shown} of ${count} rows match what is chosen.`);
}

function filterItems(period) {
  for (const list of document.querySelectorAll("ul.filtered")) {
    const items = [...list.children];
    const shown = showFitting(items, period);
    say(`${list.id}-shown`, shown === items.length ? "" : `${shown} of ${items.length} match what is chosen.`);
  }
}

function showFitting(elements, period) {
  for (const each of elements) each.hidden = !fits(each.dataset, period);
  return elements.filter((each) => !each.hidden).length;
}
