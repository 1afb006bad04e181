// Control chart of one group: values of periods, their limits, and the EWMA with its limits.

const LINES = ["value", "lower", "upper", "ewma_lower", "ewma_upper", "ewma"];

const COLUMNS = ["days", "n", "alarm", ...LINES];

function drawCourse(element, course, period, read) {
  const shown = cut(course, period);
  if (!shown.days.length) return null;
  const options = {
    ...baseOptions(element),
    padding: [sized(10), sized(36), 0, 0],
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "UTC"),
    scales: { x: { time: true, range: (_, low, high) => [low - 3 * DAY, high + 3 * DAY] } },
    axes: [timeAxis(element), valueAxis(element)],
    series: courseSeries(element),
    hooks: {
      drawClear: [(chart) => shadeBaseline(chart, course.baseline, colour(element, "band"))],
      draw: [(chart) => markAlarms(chart, shown, colour(element, "rust"))],
      setCursor: [(chart) => read(chart.cursor.idx == null ? "" : courseText(shown, chart.cursor.idx))],
    },
  };
  const seconds = shown.days.map((day) => day * DAY);
  return new uPlot(options, [seconds, ...LINES.map((name) => shown[name])], element);
}

// The part of a course in the period chosen.
function cut(course, period) {
  const kept = [...course.days.keys()].filter((k) => inPeriod(course.days[k], period));
  const known = (number) => (Number.isNaN(number) ? null : number);
  return Object.fromEntries(COLUMNS.map((name) => [name, kept.map((k) => known(course[name][k]))]));
}

function courseSeries(element) {
  const [blue, soft, green] = ["blue", "soft", "green"].map((name) => colour(element, name));
  const limit = { stroke: soft, width: sized(1), dash: [sized(6), sized(4)], points: { show: false } };
  const drift = { stroke: green, width: sized(1), dash: [sized(2), sized(3)], points: { show: false } };
  const dots = { show: true, size: sized(5), fill: blue, stroke: blue };
  return [
    {},
    { stroke: blue, width: sized(1), points: dots },
    limit, limit, drift, drift,
    { stroke: green, width: sized(2), points: { show: false } },
  ];
}

function shadeBaseline(chart, baseline, fill) {
  if (!baseline) return;
  const { left, width, top, height } = chart.bbox;
  const [from, to] = baseline.map((day) => chart.valToPos(day * DAY, "x", true));
  const [start, end] = [Math.max(left, from), Math.min(left + width, to)];
  if (end <= start) return;
  chart.ctx.fillStyle = fill;
  chart.ctx.fillRect(start, top, end - start, height);
}

// Alarms are triangles, so that they are seen without colour.
function markAlarms(chart, shown, fill) {
  const size = sized(6) * devicePixelRatio;
  shown.alarm.forEach((alarm, k) => {
    if (!alarm || shown.value[k] === null) return;
    const [x, y] = [chart.valToPos(shown.days[k] * DAY, "x", true), chart.valToPos(shown.value[k], "y", true)];
    chart.ctx.fillStyle = fill;
    chart.ctx.beginPath();
    chart.ctx.moveTo(x, y - size);
    chart.ctx.lineTo(x + size, y + 0.8 * size);
    chart.ctx.lineTo(x - size, y + 0.8 * size);
    chart.ctx.fill();
  });
}

function courseText(shown, k) {
  const limits = shown.lower[k] === null ? "no limits" : `limits ${numberText(shown.lower[k])} to ${numberText(shown.upper[k])}`;
  const alarm = shown.alarm[k] ? " · alarm" : "";
  return `${dayText(shown.days[k])}: ${numberText(shown.value[k])}, n = ${shown.n[k]}, ${limits}, EWMA ${numberText(shown.ewma[k])}${alarm}`;
}
