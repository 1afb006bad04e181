// Charts of the groups chosen, side by side; each with a text for those who do not see it.

const MOST_PANELS = 6;

const drawn = [];

function make(tag, text, attributes) {
  const made = document.createElement(tag);
  if (text) made.textContent = text;
  for (const [name, value] of Object.entries(attributes || {})) made.setAttribute(name, value);
  return made;
}

// One chart with its title and a line that says what is under the mouse or the arrow keys.
function addPanel(section, { title, note, remark, text }, draw) {
  const panel = make("div", "", { class: "panel" });
  const heading = make("h3", title);
  heading.append(" ", make("span", note));
  const plot = make("div", "", { class: "canvas", role: "img", tabindex: "0", "aria-label": text });
  const reading = make("p", "", { class: "reading", "aria-live": "polite" });
  panel.append(heading, plot);
  if (remark) panel.append(make("p", remark, { class: "small" }));
  panel.append(reading);
  section.append(panel);
  const read = (text) => { reading.textContent = text; };
  const chart = draw(plot, read);
  if (!chart) return void plot.replaceWith(make("p", "Nothing to draw in this period.", { class: "empty" }));
  drawn.push({ chart, plot });
  plot.addEventListener("keydown", (event) => step(chart, event));
}

// Arrow keys go from value to value.
function step(chart, event) {
  const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (!by) return;
  event.preventDefault();
  const x = chart.data[0];
  const before = chart.cursor.idx ?? (by > 0 ? -1 : x.length);
  const index = Math.min(x.length - 1, Math.max(0, before + by));
  const y = chart.data[1][index];
  chart.setCursor({ left: chart.valToPos(x[index], "x"), top: y === null ? 0 : chart.valToPos(y, "y") });
}

function clearPanels(...sections) {
  for (const { chart } of drawn.splice(0)) chart.destroy();
  for (const section of sections) section?.replaceChildren();
}

function fitPanels() {
  for (const { chart, plot } of drawn) {
    const width = chartWidth(plot);
    if (width !== chart.width) chart.setSize({ width, height: chartHeight() });
  }
}

function howMany(found, order) {
  if (!found.length) return "Nothing matches what is chosen.";
  if (found.length <= MOST_PANELS) return "";
  return `${MOST_PANELS} of ${found.length} are drawn, ${order} first; choose others at the top.`;
}
