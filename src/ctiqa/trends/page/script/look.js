// Colours and sizes of charts: those of the style sheet; larger and on white for paper.

const PAPER = { width: 1000, scale: 2.6 };

const look = { printing: false };

function colour(element, name) {
  return getComputedStyle(element).getPropertyValue(`--${name}`).trim();
}

function sized(pixels) {
  return Math.round(pixels * (look.printing ? PAPER.scale : 1));
}

function axis(element, more) {
  return {
    stroke: colour(element, "soft"),
    font: `${sized(12)}px system-ui, sans-serif`,
    grid: { stroke: colour(element, "rule"), width: sized(1) },
    ticks: { show: false },
    gap: sized(6),
    ...more,
  };
}

// The axis of values.
function valueAxis(element) {
  return axis(element, { size: sized(48), space: sized(32) });
}

function chartWidth(element) {
  return look.printing ? PAPER.width : Math.max(200, element.clientWidth);
}

function chartHeight() {
  return sized(210);
}

// What both charts have in common; the mouse does not zoom, so that a chart never hides a value.
function baseOptions(element) {
  return {
    width: chartWidth(element),
    height: chartHeight(),
    legend: { show: false },
    padding: [sized(10), sized(12), 0, 0],
    cursor: { drag: { x: false, y: false }, points: { show: false }, y: false },
  };
}
