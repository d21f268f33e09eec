/* A table of many rows that never freezes the page: rows are data, and only one page of them is in the document.
   Columns come from the page's own JSON: {id, label, kind, values, lookup?, names?, links?, wide?, note?, found?, filter?, hidden?}.
   A search looks through the distinct texts of each column and then marks rows, so a hundred thousand rows take milliseconds.
   Text reaches the document through textContent alone, so no value can become markup. */
"use strict";
(() => {
  const source = document.getElementById("table-data");
  if (!source) return;
  const data = JSON.parse(source.textContent);
  const columns = data.columns;
  const byId = Object.fromEntries(columns.map((column) => [column.id, column]));
  const shown = columns.filter((column) => !column.hidden);
  const PAGE = data.page || 50;
  const MOST_PRINTED = 3000;
  const state = { order: null, sort: null, descending: false, page: 0, words: [], filters: {}, pinned: null };
  const get = (id) => document.getElementById(id);
  const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

  const make = (tag, properties, ...children) => {
    const element = Object.assign(document.createElement(tag), properties || {});
    element.append(...children);
    return element;
  };
  const textOf = (column, row) => {
    const value = column.values[row];
    if (value === null || value === undefined) return "";
    return column.lookup ? column.lookup[value] || "" : String(value);
  };

  // The distinct texts of a part in small letters, made when somebody first searches; numbers have no list of their own.
  const parts = shown.flatMap((column) => [column, column.found, column.note].filter(Boolean));
  const lowered = new Map();
  const textsOf = (part) => {
    if (!lowered.has(part)) {
      const texts = part.lookup || part.values.map((value) => (value === null || value === undefined ? "" : String(value)));
      lowered.set(part, texts.map((text) => (text || "").toLowerCase()));
    }
    return lowered.get(part);
  };
  // Rows with a word, kept for the words that stand while the next one is typed.
  let found = new Map();
  const hitsOf = (word) => {
    if (found.has(word)) return found.get(word);
    if (found.size > 40) found = new Map();
    const hits = new Uint8Array(data.size);
    for (const part of parts) {
      const texts = textsOf(part);
      if (!part.lookup) {
        for (let row = 0; row < data.size; row += 1) if (texts[row].includes(word)) hits[row] = 1;
        continue;
      }
      const marks = new Uint8Array(texts.length);
      let any = 0;
      for (let place = 0; place < texts.length; place += 1) if (texts[place].includes(word)) any = marks[place] = 1;
      if (!any) continue;
      const values = part.values;
      for (let row = 0; row < data.size; row += 1) if (values[row] !== null && marks[values[row]]) hits[row] = 1;
    }
    found.set(word, hits);
    return hits;
  };

  // Rank of every value of a column, so that sorting compares numbers only.
  const ranks = new Map();
  const rankOf = (column) => {
    if (ranks.has(column)) return ranks.get(column);
    let rank;
    if (column.order) {
      rank = (row) => (column.values[row] === null ? Infinity : column.order[column.values[row]]);
    } else if (column.kind === "number") {
      rank = (row) => (column.values[row] === null ? -Infinity : column.values[row]);
    } else {
      const texts = [...new Set(Array.from({ length: data.size }, (_, row) => textOf(column, row)))].sort(collator.compare);
      const places = new Map(texts.map((text, place) => [text, text === "" ? Infinity : place]));
      rank = (row) => places.get(textOf(column, row));
    }
    ranks.set(column, rank);
    return rank;
  };

  // All rows in the order asked for, sorted once for each choice and not again while somebody types.
  let sorted = null;
  const everyRow = () => {
    if (sorted) return sorted;
    sorted = Uint32Array.from({ length: data.size }, (_, row) => row);
    if (state.sort) {
      const rank = rankOf(byId[state.sort]);
      const ranked = Float64Array.from(sorted, rank);
      const sign = state.descending ? -1 : 1;
      sorted.sort((a, b) => (ranked[a] === ranked[b] ? a - b : ranked[a] < ranked[b] ? -sign : sign));
    }
    return sorted;
  };
  const refresh = () => {
    const keep = new Uint8Array(data.size).fill(1);
    const narrow = (values, value) => { for (let row = 0; row < keep.length; row += 1) if (values[row] !== value) keep[row] = 0; };
    for (const word of state.words) narrow(hitsOf(word), 1);
    for (const id in state.filters) narrow(byId[id].values, state.filters[id]);
    if (state.pinned) narrow(byId[state.pinned.column].values, state.pinned.value);
    state.order = everyRow().filter((row) => keep[row]);
    state.page = 0;
    draw();
  };

  const cellOf = (column, row) => {
    const cell = make("td", { className: column.kind === "number" ? "count" : column.keep ? "keep" : column.wide ? "wide" : "" });
    cell.dataset.label = column.label;
    const text = textOf(column, row);
    if (column.kind === "badge") {
      if (text) cell.append(make("span", { className: "badge " + (column.classes[column.values[row]] || "") }, text));
      return cell;
    }
    const body = make("div", {});
    if (text && column.links) body.append(make("a", { href: column.links[column.values[row]] }, text));
    else if (text) body.append(column.kind === "number" ? Number(column.values[row]).toLocaleString("en-US") : text);
    if (column.found && textOf(column.found, row)) {
      const value = make("code", { className: "value" }, textOf(column.found, row));
      body.append(make("span", { className: "note" }, column.found.label + " ", value));
    }
    if (column.note && textOf(column.note, row)) {
      body.append(make("span", { className: "note" }, (column.note.label ? column.note.label + " " : "") + textOf(column.note, row)));
    }
    if (body.childNodes.length) cell.append(body);
    return cell;
  };

  // Shown at once, but read aloud only when the typing stops.
  let telling = 0;
  const say = (text) => {
    get("table-found").textContent = text;
    clearTimeout(telling);
    telling = setTimeout(() => { get("table-said").textContent = text; }, 600);
  };
  const draw = (from, to) => {
    const first = from === undefined ? state.page * PAGE : from;
    const last = Math.min(to === undefined ? first + PAGE : to, state.order.length);
    const lines = Array.from(state.order.slice(first, last), (row) => make("tr", {}, ...shown.map((column) => cellOf(column, row))));
    get("table-body").replaceChildren(...lines);
    const pages = Math.max(1, Math.ceil(state.order.length / PAGE));
    const total = state.order.length.toLocaleString("en-US"), all = data.size.toLocaleString("en-US");
    const every = data.size === 1 ? "1 row" : `All ${all} rows`;
    say(state.order.length === data.size ? every : `${total} of ${all} ${data.size === 1 ? "row" : "rows"}`);
    get("table-page").textContent = `Page ${state.page + 1} of ${pages.toLocaleString("en-US")}`;
    get("table-previous").disabled = state.page === 0;
    get("table-next").disabled = state.page >= pages - 1;
    get("table-pager").hidden = pages === 1;
    get("table-none").hidden = state.order.length > 0;
  };

  const showSort = () => {
    for (const head of document.querySelectorAll("#table th[data-column]")) {
      const is = head.dataset.column === state.sort;
      if (is) head.setAttribute("aria-sort", state.descending ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    }
    get("table-sort").value = state.sort ? `${state.sort}:${state.descending ? "down" : "up"}` : "";
  };
  const sortBy = (id, descending) => {
    state.sort = id || null;
    state.descending = descending;
    sorted = null;
    showSort();
    refresh();
  };

  const head = make("tr", {});
  for (const column of shown) {
    const button = make("button", { type: "button" }, column.label);
    button.addEventListener("click", () => {
      const again = state.sort === column.id;
      sortBy(column.id, again ? !state.descending : Boolean(column.biggest));
    });
    const cell = make("th", { scope: "col", className: column.kind === "number" ? "count" : "" }, button);
    cell.dataset.column = column.id;
    head.append(cell);
    get("table-sort").append(
      make("option", { value: `${column.id}:up` }, `${column.label}, upwards`),
      make("option", { value: `${column.id}:down` }, `${column.label}, downwards`),
    );
  }
  get("table-head").append(head);
  get("table-sort").addEventListener("change", (event) => {
    const [id, way] = event.target.value.split(":");
    sortBy(id, way === "down");
  });

  const toolbar = get("table-toolbar"), reset = get("table-reset");
  for (const column of columns.filter((each) => each.filter)) {
    const counts = new Map();
    for (const value of column.values) if (value !== null) counts.set(value, (counts.get(value) || 0) + 1);
    if (counts.size < 2) continue;
    const select = make("select", { id: `filter-${column.id}` }, make("option", { value: "" }, column.filter));
    const names = column.names || column.lookup;
    const values = [...counts.keys()].sort((a, b) => collator.compare(names[a], names[b]));
    for (const value of values) {
      select.append(make("option", { value: String(value) }, `${names[value]} (${counts.get(value).toLocaleString("en-US")})`));
    }
    select.addEventListener("change", () => {
      if (select.value === "") delete state.filters[column.id];
      else state.filters[column.id] = Number(select.value);
      refresh();
    });
    const label = make("label", { htmlFor: select.id }, column.label);
    toolbar.insertBefore(make("div", { className: "control" }, label, select), reset);
  }

  let timer = 0;
  const search = get("table-search");
  search.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      state.words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
      refresh();
    }, 40);
  });
  const unpin = () => { state.pinned = null; get("table-chip").hidden = true; };
  reset.addEventListener("click", () => {
    search.value = "";
    state.words = [];
    state.filters = {};
    for (const select of toolbar.querySelectorAll("select")) select.value = "";
    unpin();
    state.sort = null;
    sorted = null;
    showSort();
    refresh();
    search.focus();
  });
  get("table-chip-off").addEventListener("click", () => { unpin(); refresh(); search.focus(); });
  get("table-previous").addEventListener("click", () => { state.page -= 1; draw(); get("table-found").scrollIntoView(); });
  get("table-next").addEventListener("click", () => { state.page += 1; draw(); get("table-found").scrollIntoView(); });

  for (const button of document.querySelectorAll("button[data-pin]")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      state.pinned = { column: button.dataset.pin, value: Number(button.dataset.value) };
      get("table-chip-text").textContent = button.dataset.name;
      get("table-chip").hidden = false;
      refresh();
      get("table-section").scrollIntoView();
      get("table-section").focus({ preventScroll: true });
    });
  }

  // On paper there are no pages to turn: print what is filtered, up to a number a printer can bear.
  window.addEventListener("beforeprint", () => draw(0, MOST_PRINTED));
  window.addEventListener("afterprint", () => draw());

  // A link to a rule opens its card, wherever on the page it is pressed.
  document.addEventListener("click", (event) => {
    const link = event.target.closest('a[href^="#rule-"]');
    const card = link && get(link.getAttribute("href").slice(1));
    if (!card) return;
    event.preventDefault();
    card.open = true;
    card.scrollIntoView();
    card.querySelector("summary").focus({ preventScroll: true });
  });

  get("table-section").hidden = false;
  sortBy(data.sort || null, Boolean(data.descending));
})();
