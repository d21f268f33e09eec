/* District by rule for a state of any size: a picture of everything, and a table of the part that the frame shows.
   Text reaches the document through textContent alone. Data: [{title, version, districts, rules, cells}], see heat.py. */
"use strict";
(() => {
  const source = document.getElementById("heat-data");
  if (!source) return;
  const collections = JSON.parse(source.textContent);
  const get = (id) => document.getElementById(id);
  const make = (tag, properties, ...children) => {
    const element = Object.assign(document.createElement(tag), properties || {});
    element.append(...children);
    return element;
  };
  const number = (value) => value.toLocaleString("en-US");
  const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });
  // Districts down and rules across in the table, from near to far.
  const ZOOMS = [[12, 6], [25, 9], [50, 14]];
  const state = { collection: 0, zoom: 1, district: 0, rule: 0, byRule: null, byDistrict: null };
  let grid = null, rows = [], columns = [];

  /* Cells as one row of the picture a district: failures, and records that the rule is about. */
  const load = () => {
    const data = collections[state.collection];
    const width = data.rules.length, height = data.districts.length;
    const failed = new Float64Array(width * height), tried = new Float64Array(width * height);
    data.cells.forEach(([places, counts, of], rule) => {
      places.forEach((place, index) => {
        failed[place * width + rule] = counts[index];
        tried[place * width + rule] = of[index];
      });
    });
    grid = { data, width, height, failed, tried };
    state.byRule = null;
    state.byDistrict = null;
  };
  const isShare = () => get("heat-show").value === "share";
  const value = (district, rule) => {
    const at = district * grid.width + rule;
    return isShare() ? (grid.tried[at] ? (100 * grid.failed[at]) / grid.tried[at] : 0) : grid.failed[at];
  };

  /* What is filtered and in which order; sums are over what is left of the other side. */
  const arrange = () => {
    const words = (id) => get(id).value.toLowerCase().split(/\s+/).filter(Boolean);
    const fits = (text, wanted) => wanted.every((word) => text.toLowerCase().includes(word));
    const severity = get("heat-severity").value;
    const wantedDistrict = words("heat-district"), wantedRule = words("heat-rule");
    rows = [...grid.data.districts.keys()].filter((row) => fits(grid.data.districts[row], wantedDistrict));
    columns = [...grid.data.rules.keys()].filter((column) => {
      const rule = grid.data.rules[column];
      return (!severity || rule[2] === severity) && fits(rule.join(" "), wantedRule);
    });
    const sum = (list, of) => new Map(list.map((one) => [one, of(one)]));
    const ofRow = sum(rows, (row) => columns.reduce((total, column) => total + grid.failed[row * grid.width + column], 0));
    const ofColumn = sum(columns, (column) => rows.reduce((total, row) => total + grid.failed[row * grid.width + column], 0));
    const hit = sum(columns, (column) => rows.reduce((total, row) => total + (grid.failed[row * grid.width + column] > 0), 0));
    rows = rows.filter((row) => ofRow.get(row) > 0);
    columns = columns.filter((column) => ofColumn.get(column) > 0);
    const rowKey = state.byRule === null ? ofRow.get.bind(ofRow) : (row) => value(row, state.byRule);
    if (get("heat-row-order").value === "code" && state.byRule === null) rows.sort((a, b) => collator.compare(grid.data.districts[a], grid.data.districts[b]));
    else rows.sort((a, b) => rowKey(b) - rowKey(a) || collator.compare(grid.data.districts[a], grid.data.districts[b]));
    const order = get("heat-column-order").value;
    const columnKey = state.byDistrict !== null ? (column) => value(state.byDistrict, column) : order === "districts" ? hit.get.bind(hit) : ofColumn.get.bind(ofColumn);
    const name = (column) => grid.data.rules[column].join(" ");
    if (order === "number" && state.byDistrict === null) columns.sort((a, b) => collator.compare(name(a), name(b)));
    else columns.sort((a, b) => columnKey(b) - columnKey(a) || collator.compare(name(a), name(b)));
    state.totals = { ofRow, ofColumn, hit };
    state.most = 0;
    for (const row of rows) for (const column of columns) state.most = Math.max(state.most, value(row, column));
    state.district = 0;
    state.rule = 0;
    paint();
    draw();
  };

  // Counts span four powers of ten: shades go by their logarithm, shares by their size.
  const shade = (amount) => {
    if (!amount) return 0;
    const part = isShare() ? amount / 100 : Math.log1p(amount) / Math.log1p(state.most);
    return Math.min(4, 1 + Math.floor(part * 3.999));
  };

  const paint = () => {
    const canvas = get("heat-map");
    canvas.width = Math.max(1, columns.length);
    canvas.height = Math.max(1, rows.length);
    const context = canvas.getContext("2d");
    const probe = get("heat-probe");
    const colours = [0, 1, 2, 3, 4].map((level) => {
      probe.className = level ? `m${level}` : "m0";
      return getComputedStyle(probe).backgroundColor;
    });
    rows.forEach((row, y) => columns.forEach((column, x) => {
      context.fillStyle = colours[shade(value(row, column))];
      context.fillRect(x, y, 1, 1);
    }));
  };

  const frame = (height, width) => {
    const box = get("heat-frame").style;
    const share = (part, whole) => `${(100 * part) / Math.max(1, whole)}%`;
    box.left = share(state.rule, columns.length);
    box.width = share(Math.min(width, columns.length), columns.length);
    box.top = share(state.district, rows.length);
    box.height = share(Math.min(height, rows.length), rows.length);
  };

  // Long column names may break before a capital letter.
  const broken = (name) => name.split(/(?=[A-Z])/).flatMap((part) => [document.createElement("wbr"), part]);
  const head = (column) => {
    const [rule, field, severity, title] = grid.data.rules[column];
    const button = make("button", { type: "button", title: `${title || rule}. Press to order the districts by it.` },
      make("span", { className: "heat-field" }, ...broken(field || "whole file")), make("small", {}, `${rule} ${severity}`));
    button.setAttribute("aria-pressed", String(state.byRule === column));
    button.addEventListener("click", () => {
      state.byRule = state.byRule === column ? null : column;
      arrange();
      focusAgain(`#heat-head th[data-rule="${column}"] button`);
    });
    const cell = make("th", { scope: "col" }, button);
    cell.dataset.rule = String(column);
    return cell;
  };
  const side = (row) => {
    const button = make("button", { type: "button", title: "Press to order the rules by this district." }, grid.data.districts[row]);
    button.setAttribute("aria-pressed", String(state.byDistrict === row));
    button.addEventListener("click", () => {
      state.byDistrict = state.byDistrict === row ? null : row;
      arrange();
      focusAgain(`#heat-body th[data-district="${row}"] button`);
    });
    const cell = make("th", { scope: "row" }, button);
    cell.dataset.district = String(row);
    return cell;
  };
  const focusAgain = (selector) => {
    const found = document.querySelector(selector);
    (found || get("heat-found-box")).focus();
  };
  const cellOf = (row, column) => {
    const at = row * grid.width + column, count = grid.failed[at];
    const level = shade(value(row, column));
    const cell = make("td", { className: level ? `h${level}` : "" });
    if (!count) return cell;
    const share = grid.tried[at] ? (100 * count) / grid.tried[at] : 0;
    cell.append(isShare() ? (share < 1 ? "<1%" : `${Math.round(share)}%`) : number(count));
    cell.title = `${number(count)} of ${number(grid.tried[at])} records`;
    return cell;
  };

  const draw = () => {
    const [height, width] = ZOOMS[state.zoom];
    state.district = Math.max(0, Math.min(state.district, rows.length - height));
    state.rule = Math.max(0, Math.min(state.rule, columns.length - width));
    const shownRows = rows.slice(state.district, state.district + height);
    const shownColumns = columns.slice(state.rule, state.rule + width);
    const total = (text) => make("td", { className: "heat-total" }, text);
    get("heat-head").replaceChildren(make("tr", {}, make("th", { scope: "col" }, "District"), make("th", { scope: "col", className: "heat-total" }, "All rules"), ...shownColumns.map(head)));
    const sums = make("tr", { className: "heat-sums" }, make("th", { scope: "row" }, "All districts"), total(number(rows.reduce((sum, row) => sum + state.totals.ofRow.get(row), 0))),
      ...shownColumns.map((column) => total(number(state.totals.ofColumn.get(column)))));
    get("heat-body").replaceChildren(sums, ...shownRows.map((row) => make("tr", {}, side(row), total(number(state.totals.ofRow.get(row))), ...shownColumns.map((column) => cellOf(row, column)))));
    get("heat-table").className = `heat heat-zoom-${state.zoom}`;
    const place = (first, many, all) => `${number(first + 1)} to ${number(Math.min(first + many, all))} of ${number(all)}`;
    get("heat-found").textContent = rows.length && columns.length
      ? `Districts ${place(state.district, height, rows.length)}; rules ${place(state.rule, width, columns.length)}`
      : "Nothing fits. Clear the search to start again.";
    get("heat-up").disabled = state.district === 0;
    get("heat-down").disabled = state.district + height >= rows.length;
    get("heat-left").disabled = state.rule === 0;
    get("heat-right").disabled = state.rule + width >= columns.length;
    get("heat-near").disabled = state.zoom === 0;
    get("heat-far").disabled = state.zoom === ZOOMS.length - 1;
    frame(height, width);
  };

  const move = (id, change) => get(id).addEventListener("click", () => {
    change();
    draw();
  });
  move("heat-up", () => { state.district -= ZOOMS[state.zoom][0]; });
  move("heat-down", () => { state.district += ZOOMS[state.zoom][0]; });
  move("heat-left", () => { state.rule -= ZOOMS[state.zoom][1]; });
  move("heat-right", () => { state.rule += ZOOMS[state.zoom][1]; });
  move("heat-near", () => { state.zoom = Math.max(0, state.zoom - 1); });
  move("heat-far", () => { state.zoom = Math.min(ZOOMS.length - 1, state.zoom + 1); });
  get("heat-overview").addEventListener("click", (event) => {
    const box = get("heat-map").getBoundingClientRect();
    const [height, width] = ZOOMS[state.zoom];
    state.rule = Math.floor(((event.clientX - box.left) / box.width) * columns.length - width / 2);
    state.district = Math.floor(((event.clientY - box.top) / box.height) * rows.length - height / 2);
    draw();
  });
  let timer = 0;
  for (const id of ["heat-district", "heat-rule"]) get(id).addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(arrange, 120);
  });
  for (const id of ["heat-severity", "heat-show"]) get(id).addEventListener("change", arrange);
  get("heat-row-order").addEventListener("change", () => { state.byRule = null; arrange(); });
  get("heat-column-order").addEventListener("change", () => { state.byDistrict = null; arrange(); });
  const choice = get("heat-collection");
  collections.forEach((one, place) => choice.append(make("option", { value: String(place) }, one.title)));
  choice.addEventListener("change", () => { state.collection = Number(choice.value); load(); arrange(); });
  get("heat-section").hidden = false;
  load();
  arrange();
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", paint);
})();
