// Shows the controls, and draws anew whenever something is chosen.

const lists = [...document.querySelectorAll("table.sortable, ul.filtered")];
const courses = document.getElementById("courses");
const scatters = document.getElementById("scatters");

function update() {
  const period = chosenPeriod();
  for (const list of lists) filterItems(list, period);
  clearPanels(courses, scatters);
  drawCourses(period);
  drawScatters(period);
}

function drawCourses(period) {
  if (!page.courses.length) return;
  const measure = chosen("measure");
  const fitting = page.courses.filter((each) => each.measure === measure && matches(page.pairs[each.pair]));
  say("courses-shown", howMany(fitting, "those with alarms"));
  for (const each of fitting.slice(0, MOST_PANELS)) {
    const draw = (plot, read) => drawCourse(plot, unpacked(each), period, read);
    addPanel(courses, { ...each, title: page.pairs[each.pair].title }, draw);
  }
}

function drawScatters(period) {
  if (!page.scatters.length) return;
  const [dose, quality] = [chosen("dose"), chosen("quality")];
  const fitting = page.scatters.filter((number) => matches(page.groups[number]));
  say("scatters-shown", howMany(fitting, "those with most outliers"));
  for (const number of fitting.slice(0, MOST_PANELS)) {
    const each = page.groups[number];
    const points = pointsOf(scatter, number, dose, quality, period);
    const line = quality === "equivalent_noise_hu" ? page.lines[dose][number] : undefined;
    const note = `${points.length} drawn`;
    const text = `${chosenText("quality")} against ${chosenText("dose")} of ${each.title}: ${note}`;
    addPanel(scatters, { title: each.title, note, text }, (plot, read) => drawScatter(plot, points, line, read));
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
document.querySelectorAll("table.sortable").forEach(sortable);
lists.forEach(addMore);
document.documentElement.classList.add("scripted");
for (const form of document.querySelectorAll("form.controls")) {
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
