// The picker of a release page: table, district, school. Text only ever enters the page as text.
(function () {
  "use strict";
  const data = JSON.parse(document.getElementById("release-data").textContent);
  const TOTAL = "ALL";
  const table = document.getElementById("pick-table");
  const district = document.getElementById("pick-district");
  const school = document.getElementById("pick-school");
  const body = document.getElementById("counts-body");
  const withheld = { "-1": "fewer students than may be published", "-2": "withheld to protect a small count" };

  function option(select, value, text) {
    const made = document.createElement("option");
    made.value = value;
    made.textContent = text;
    select.append(made);
  }

  function label(code, name) {
    return name === code ? code : name + " (" + code + ")";
  }

  function byName(a, b) {
    return a[2].localeCompare(b[2]) || a[0].localeCompare(b[0]) || a[1].localeCompare(b[1]);
  }

  function fillSchools() {
    school.replaceChildren();
    option(school, TOTAL, "All schools");
    data.places
      .filter((place) => place[0] === district.value && place[1] !== TOTAL)
      .sort(byName)
      .forEach((place) => option(school, place[1], label(place[1], place[2])));
    school.disabled = district.value === TOTAL;
  }

  function cell(text, element) {
    const made = document.createElement(element || "td");
    made.textContent = text;
    return made;
  }

  function placeName(number) {
    const place = data.places[number];
    if (place[1] === TOTAL) { return place[2]; }
    return place[2] + ", " + data.places.find((other) => other[0] === place[0] && other[1] === TOTAL)[2];
  }

  function show() {
    const chosen = data.tables[Number(table.value)];
    const number = data.places.findIndex((place) => place[0] === district.value && place[1] === school.value);
    document.getElementById("place").textContent = chosen.title + ": " + placeName(number);
    body.replaceChildren();
    chosen.categories.forEach(function (category, position) {
      const count = chosen.counts[number][position];
      const row = document.createElement("tr");
      const heading = cell(category[1], "th");
      heading.scope = "row";
      const students = cell(count < 0 ? "*" : count.toLocaleString("en-US"));
      students.className = "students";
      row.className = category[0] === TOTAL ? "total" : "";
      if (count < 0) {
        students.title = withheld[String(count)];
        students.setAttribute("aria-label", withheld[String(count)]);
      }
      row.append(heading, cell(category[0] === TOTAL ? "" : category[0]), students);
      body.append(row);
    });
  }

  data.tables.forEach((item, number) => option(table, String(number), item.title));
  option(district, TOTAL, "Missouri");
  data.places
    .filter((place) => place[0] !== TOTAL && place[1] === TOTAL)
    .sort(byName)
    .forEach((place) => option(district, place[0], label(place[0], place[2])));
  district.addEventListener("change", function () { fillSchools(); show(); });
  school.addEventListener("change", show);
  table.addEventListener("change", show);
  document.getElementById("picker").hidden = false;
  document.getElementById("counts").hidden = false;
  fillSchools();
  show();
})();
