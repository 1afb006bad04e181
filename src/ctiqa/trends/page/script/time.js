// The axis of time: days of a short course, months or years of a longer one.

const MONTHS = [1, 2, 3, 6, 12, 24, 60, 120];

function timeAxis(element) {
  return axis(element, { size: sized(28), splits: timeSplits, values: (_, seconds) => timeTexts(seconds) });
}

// Places of the labels, in seconds; as many as there is room for.
function timeSplits(chart, _, low, high) {
  const room = Math.max(2, chart.width / sized(90));
  const days = (high - low) / DAY;
  if (days < 75) return weekSplits(chart.data[0], Math.ceil(days / 7 / room) * 7 * DAY);
  const step = MONTHS.find((months) => days / 30.4 / months <= room) ?? MONTHS.at(-1);
  return monthSplits(low, high, step);
}

function weekSplits(seconds, step) {
  const found = [];
  for (let each = seconds[0]; each <= seconds.at(-1); each += step) found.push(each);
  return found;
}

function monthSplits(low, high, step) {
  const first = new Date(low * 1000);
  const found = [];
  for (let month = Math.ceil((first.getUTCMonth() + 1) / step) * step; ; month += step) {
    const each = Date.UTC(first.getUTCFullYear(), month) / 1000;
    if (each > high) return found;
    found.push(each);
  }
}

function timeTexts(seconds) {
  const days = seconds.map((each) => dayText(each / DAY));
  const length = days.every((day) => day.endsWith("-01-01")) ? 4 : days.every((day) => day.endsWith("-01")) ? 7 : 10;
  return days.map((day) => day.slice(0, length));
}
