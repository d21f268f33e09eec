/* Says how far off each deadline is on the day the page is read; without it the dates alone are there. */
"use strict";
(() => {
  const day = 24 * 60 * 60 * 1000;
  const now = new Date();
  const today = Date.UTC(now.getFullYear(), now.getMonth(), now.getDate());
  for (const element of document.querySelectorAll("[data-due]")) {
    const left = Math.round((Date.parse(element.dataset.due) - today) / day);
    // Of a year gone by the date says enough.
    if (left < -90) continue;
    const words = left === 0 ? "today" : left === 1 ? "tomorrow" : left > 0 ? `in ${left} days` : left === -1 ? "yesterday" : `${-left} days ago`;
    element.textContent = words;
    if (left < 0) element.classList.add("late");
    else if (left <= 7) element.classList.add("soon");
  }
})();
