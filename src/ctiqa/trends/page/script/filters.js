// The selects: which groups, and which days. Texts are numbers in the data.

const FACTS = ["protocol", "scanner", "kernel", "region"];

function chosen(name) {
  return document.getElementById(`choose-${name}`).value;
}

function chosenText(name) {
  return document.getElementById(`choose-${name}`).selectedOptions[0].textContent;
}

// "" is all days; otherwise "first last", in days since 1970-01-01.
function chosenPeriod() {
  const value = chosen("period");
  return value ? value.split(" ").map(Number) : null;
}

// A scan without a day belongs to no period, only to all of them.
function inPeriod(day, period) {
  return !period || (day !== null && day >= period[0] && day <= period[1]);
}

// A fact may have several numbers: the kernels and regions of a course.
function matches(facts) {
  return FACTS.every((name) => chosen(name) === "" || [facts[name]].flat().includes(Number(chosen(name))));
}

// Rows and items name their group or their protocol and scanner, and may have a region and a day.
function fits(dataset, period) {
  if (dataset.group === undefined && dataset.pair === undefined) return true;
  const facts = dataset.group === undefined ? page.pairs[dataset.pair] : page.groups[dataset.group];
  const region = dataset.region === undefined ? facts.region : Number(dataset.region);
  const day = dataset.day ? Number(dataset.day) : null;
  return matches({ ...facts, region }) && (dataset.day === undefined || inPeriod(day, period));
}
