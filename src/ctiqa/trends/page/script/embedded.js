// The data of the page: JSON, with long columns as base64 of little-endian numbers.

const page = JSON.parse(document.getElementById("data").textContent);

const KINDS = { u1: Uint8Array, u2: Uint16Array, u4: Uint32Array, f4: Float32Array };

function column({ kind, base64 }) {
  const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
  return new KINDS[kind](bytes.buffer);
}

// A table of columns with each of them as an array; all else is left as it is.
function unpacked(table) {
  const entries = Object.entries(table);
  return Object.fromEntries(entries.map(([name, value]) => [name, value?.base64 === undefined ? value : column(value)]));
}

const DAY = 86400;

// Days since 1970-01-01 as YYYY-MM-DD.
function dayText(day) {
  return new Date(day * DAY * 1000).toISOString().slice(0, 10);
}

// Three significant digits are enough to read off a chart.
function numberText(value) {
  return value === null || Number.isNaN(value) ? "–" : String(Number(value.toPrecision(3)));
}
