// Quality against dose: one point a scan, outliers as diamonds, and the group's own line.

const DOTS = 2.2;
const NEAR = 14;

function drawScatter(element, points, line, read) {
  if (!points.length) return null;
  const x = spread(points.map((each) => each.x).concat(line ? line.x : []));
  const y = spread(points.map((each) => each.y).concat(line ? line.y : []));
  const options = {
    ...baseOptions(element),
    scales: { x: { time: false, range: () => x }, y: { range: () => y } },
    axes: [axis(element, { size: sized(28), space: sized(60) }), valueAxis(element)],
    series: [{}, { paths: () => null, points: { show: false } }],
    hooks: {
      draw: [(chart) => drawPoints(chart, element, points, line)],
      setCursor: [(chart) => read(pointText(nearest(chart, points)))],
    },
  };
  const sorted = [...points].sort((a, b) => a.x - b.x);
  return new uPlot(options, [sorted.map((each) => each.x), sorted.map((each) => each.y)], element);
}

// From zero, because dose and noise are ratios, to a little above the largest value.
function spread(values) {
  const high = Math.max(...values);
  return [0, high > 0 ? 1.06 * high : 1];
}

// The drawn points of a group, in the period chosen, that have both values.
function pointsOf(scatter, group, dose, measure, period) {
  const found = [];
  for (let k = 0; k < scatter.group.length; k += 1) {
    const [x, y] = [scatter[dose][k], scatter[measure][k]];
    if (scatter.group[k] !== group || Number.isNaN(x) || Number.isNaN(y)) continue;
    if (!inPeriod(scatter.day[k] || null, period) || !inRegion(scatter.region[k])) continue;
    found.push({ x, y, day: scatter.day[k], outlier: scatter.outlier[k] === 1 });
  }
  return found;
}

function inRegion(region) {
  return chosen("region") === "" || Number(chosen("region")) === region;
}

function drawPoints(chart, element, points, line) {
  const { ctx } = chart;
  const unit = sized(1) * devicePixelRatio;
  ctx.save();
  ctx.fillStyle = colour(element, "blue");
  ctx.globalAlpha = points.length > 400 ? 0.45 : 0.75;
  for (const each of points) if (!each.outlier) drawDot(chart, each, DOTS * unit);
  ctx.globalAlpha = 1;
  if (line) drawLine(chart, line, colour(element, "ink"), 1.5 * unit);
  ctx.fillStyle = colour(element, "rust");
  const size = points.length > 400 ? 3.2 : 4.5;
  for (const each of points) if (each.outlier) drawDiamond(chart, each, size * unit);
  ctx.restore();
}

function place(chart, point) {
  return [chart.valToPos(point.x, "x", true), chart.valToPos(point.y, "y", true)];
}

function drawDot(chart, point, radius) {
  const [x, y] = place(chart, point);
  chart.ctx.beginPath();
  chart.ctx.arc(x, y, radius, 0, 2 * Math.PI);
  chart.ctx.fill();
}

function drawDiamond(chart, point, size) {
  const [x, y] = place(chart, point);
  chart.ctx.beginPath();
  for (const [dx, dy] of [[0, -1], [1, 0], [0, 1], [-1, 0]]) chart.ctx.lineTo(x + dx * size, y + dy * size);
  chart.ctx.fill();
}

function drawLine(chart, line, stroke, width) {
  chart.ctx.strokeStyle = stroke;
  chart.ctx.lineWidth = width;
  chart.ctx.beginPath();
  line.x.forEach((x, k) => chart.ctx.lineTo(...place(chart, { x, y: line.y[k] })));
  chart.ctx.stroke();
}

// The point under the mouse; undefined if there is none within a few pixels.
function nearest(chart, points) {
  const { left, top } = chart.cursor;
  let [best, closest] = [undefined, NEAR];
  for (const each of points) {
    const distance = Math.hypot(chart.valToPos(each.x, "x") - left, chart.valToPos(each.y, "y") - top);
    if (distance < closest) [best, closest] = [each, distance];
  }
  return best;
}

function pointText(point) {
  if (!point) return "";
  const day = point.day ? `${dayText(point.day)}: ` : "";
  return `${day}${numberText(point.y)} at ${numberText(point.x)} mGy${point.outlier ? " · outlier" : ""}`;
}
