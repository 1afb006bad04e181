// Shows the controls, and draws anew whenever something is chosen.

const tables = [...document.querySelectorAll("table.sortable")];
const courses = document.getElementById("courses");
const scatters = document.getElementById("scatters");

function update() {
  const period = chosenPeriod();
  for (const table of tables) filterRows(table, period);
  filterItems(period);
  clearPanels(courses, scatters);
  drawCourses(period);
  drawScatters(period);
}

function drawCourses(period) {
  const measure = chosen("measure");
  const fitting = page.courses.filter((each) => each.measure === measure && matches(page.pairs[each.pair]));
  say("courses-shown", howMany(fitting));
  for (const each of fitting.slice(0, MOST_PANELS)) {
    const draw = (plot, read) => drawCourse(plot, unpacked(each), period, read);
    addPanel(courses, page.pairs[each.pair], each.note, each.text, draw);
  }
}

function drawScatters(period) {
  const [dose, quality] = [chosen("dose"), chosen("quality")];
  const fitting = page.groups.filter((each) => each.points && matches(each));
  say("scatters-shown", howMany(fitting));
  for (const each of fitting.slice(0, MOST_PANELS)) {
    const number = page.groups.indexOf(each);
    const points = pointsOf(scatter, number, dose, quality, period);
    const line = quality === "equivalent_noise_hu" ? page.lines[dose][number] : undefined;
    const text = `${chosenText("quality")} against ${chosenText("dose")} of ${each.title}: ${points.length} scans`;
    addPanel(scatters, each, `${points.length} drawn`, text, (plot, read) => drawScatter(plot, points, line, read));
  }
}

function say(id, text) {
  document.getElementById(id).textContent = text;
}

// On paper charts are larger and dark on white, whatever the screen looks like.
function redraw(printing) {
  look.printing = printing;
  document.documentElement.classList.toggle("printing", printing);
  update();
}

const scatter = unpacked(page.scatter);
tables.forEach(sortable);
document.documentElement.classList.add("scripted");
for (const form of document.querySelectorAll("form")) {
  form.hidden = false;
  form.addEventListener("change", update);
  form.addEventListener("reset", () => setTimeout(update));
  form.addEventListener("submit", (event) => event.preventDefault());
}
window.addEventListener("resize", fitPanels);
window.addEventListener("beforeprint", () => redraw(true));
window.addEventListener("afterprint", () => redraw(false));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", update);
update();
