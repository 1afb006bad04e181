"use strict";
// Loads the page anew from time to time, unless somebody is at work on it.
const seconds = Number(document.body.dataset.refresh);

function isAtWork() {
  const inside = document.activeElement && document.activeElement !== document.body && document.activeElement.id !== "content";
  const selected = window.getSelection()?.toString();
  return inside || selected || document.querySelector("details[open]") !== null;
}

if (seconds > 0) {
  setInterval(() => {
    if (!document.hidden && !isAtWork()) location.reload();
  }, seconds * 1000);
}
