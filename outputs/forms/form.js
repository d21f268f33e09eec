// A form that checks what is typed as the state will, and saves a file for the inbox. Nothing leaves this computer.
"use strict";
(() => {
  const page = JSON.parse(document.getElementById("form-data").textContent);
  const form = document.getElementById("form");
  const summary = document.getElementById("summary");
  const saved = document.getElementById("saved");
  const CRLF = "\r\n";
  const two = (number) => String(number).padStart(2, "0");

  const control = (name) => document.getElementById(name);
  const boxOf = (name) => control(name).closest(".field");

  function valueOf(field) {
    if (field.control === "choice") {
      const checked = form.querySelector(`input[name="${field.name}"]:checked`);
      return checked ? checked.value : "";
    }
    // A tab, a line end or a run of blanks inside a value is one blank.
    return control(field.name).value.replace(/[\s\u00a0]+/g, " ").trim();
  }

  /** mm/dd/yyyy as people write it, with zeros put in front; null for what is no day of the calendar. */
  function dateOf(text) {
    const parts = /^(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})$/.exec(text);
    if (!parts) return null;
    const [month, day, year] = parts.slice(1).map(Number);
    const found = new Date(0);
    found.setFullYear(year, month - 1, day);
    found.setHours(0, 0, 0, 0);
    const isReal = found.getFullYear() === year && found.getMonth() === month - 1 && found.getDate() === day;
    return isReal ? { text: `${two(month)}/${two(day)}/${String(year).padStart(4, "0")}`, day: found } : null;
  }

  function faultOf(field, values) {
    const value = values[field.name];
    if (!value) return field.is_required ? `${verb(field)} the ${inSentence(field)}.` : "";
    if (value.length > field.length && field.control !== "date") {
      return `${field.label} can have ${field.length} characters; you typed ${value.length}.`;
    }
    if (field.control === "date") return dateFault(value, values.school_year);
    if (field.pattern && !new RegExp(`^(?:${field.pattern})$`).test(value)) return field.pattern_message;
    return "";
  }

  const verb = (field) => (field.control === "text" || field.control === "date" || field.control === "digits" ? "Enter" : "Choose");
  const inSentence = (field) => field.label.charAt(0).toLowerCase() + field.label.slice(1);

  function dateFault(value, schoolYear) {
    const found = dateOf(value);
    if (!found) return "Write a real date as month/day/year, for example 04/09/2014.";
    if (found.day > new Date()) return "This date lies in the future.";
    if (schoolYear && found.day.getFullYear() > Number(schoolYear)) return "This date is after the end of the school year.";
    if (found.day.getFullYear() < new Date().getFullYear() - 30) return "By this date the student is over 29; check the year.";
    return "";
  }

  /** What only the form as a whole can say: [name of the field to go to, message]. */
  function wholeFaults(values) {
    if (page.form !== "locate") return [];
    const known = ["last_name", "first_name", "birth_date"].filter((name) => values[name]).length;
    if (known >= 2 || values.state_id || values.local_student_id) return [];
    return [["last_name", "Give two of last name, first name and date of birth, or a state ID, or a local ID."]];
  }

  function allValues() {
    return Object.fromEntries(page.fields.map((field) => [field.name, valueOf(field)]));
  }

  function show(name, message, keepsRoom = false) {
    const place = document.getElementById(`${name}-error`);
    place.style.minHeight = keepsRoom ? `${place.offsetHeight}px` : "";
    place.textContent = message;
    boxOf(name).classList.toggle("is-wrong", Boolean(message));
    const target = control(name);
    if (message) target.setAttribute("aria-invalid", "true");
    else target.removeAttribute("aria-invalid");
  }

  function check() {
    const values = allValues();
    const faults = page.fields.map((field) => [field.name, faultOf(field, values)]).filter(([, message]) => message);
    for (const [name, message] of wholeFaults(values)) {
      if (!faults.some(([other]) => other === name)) faults.push([name, message]);
    }
    const found = new Map(faults);
    for (const field of page.fields) show(field.name, found.get(field.name) || "");
    return [values, faults];
  }

  function showSummary(faults) {
    summary.hidden = faults.length === 0;
    if (!faults.length) return;
    summary.querySelector("h2").textContent = faults.length === 1 ? "One thing to correct" : `${faults.length} things to correct`;
    summary.querySelector("ul").replaceChildren(...faults.map(([name, message]) => {
      const link = document.createElement("a");
      link.href = `#${name}`;
      link.textContent = message;
      link.addEventListener("click", (event) => { event.preventDefault(); goTo(name); });
      const item = document.createElement("li");
      item.append(link);
      return item;
    }));
    summary.focus();
  }

  function goTo(name) {
    const target = control(name);
    const first = target.matches("fieldset") ? target.querySelector("input") : target;
    first.focus();
    boxOf(name).scrollIntoView({ block: "center" });
  }

  /** A value as delimited files carry it: in quotation marks only where it would be misread. */
  const quoted = (value, delimiter) =>
    (value.includes(delimiter) || value.includes('"') ? `"${value.replaceAll('"', '""')}"` : value);

  const fixed = { record_type: "ID", current_district_code: page.district, reference: "1" };

  function recordOf(values, delimiter) {
    const written = page.columns.map(([name]) => {
      const field = page.fields.find((one) => one.name === name);
      const value = field && values[name] && field.control === "date" ? dateOf(values[name]).text : values[name];
      return quoted(name in fixed ? fixed[name] : value || "", delimiter);
    });
    return written.join(delimiter);
  }

  function fileOf(values, now) {
    const stamp = `${now.getFullYear()}${two(now.getMonth() + 1)}${two(now.getDate())}-${two(now.getHours())}${two(now.getMinutes())}${two(now.getSeconds())}`;
    if (page.form === "locate") {
      // Whose local ID it is has a meaning only beside one.
      const asked = values.local_student_id ? values : { ...values, district_code: "" };
      const header = page.columns.map(([, column]) => column).join(",");
      return [`locate_${page.district}_${stamp}.csv`, header + CRLF + recordOf(asked, ",") + CRLF];
    }
    const transmission = stamp.replace("-", "").slice(4);
    const date = `${two(now.getMonth() + 1)}/${two(now.getDate())}/${now.getFullYear()}`;
    const time = `${two(now.getHours())}:${two(now.getMinutes())}:${two(now.getSeconds())}`;
    const lines = [
      `TH\t${date}\t${time}\t${transmission}\t1.0\tdelimiter=0x09`, recordOf(values, "\t"), `TT\t1\t${transmission}`, "",
    ];
    return [`new_student_${page.district}_${stamp}.txt`, lines.join(CRLF)];
  }

  function download(name, text) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: "text/plain;charset=utf-8" }));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  }

  function setDefaults() {
    const year = control("school_year");
    if (year) {
      // A school year begins in July and is named by the year in which it ends.
      const now = new Date();
      const usual = String(now.getFullYear() + (now.getMonth() >= 6 ? 1 : 0));
      year.value = [...year.options].some((option) => option.value === usual) ? usual : year.options[0].value;
    }
    for (const name of ["resident_district_code", "district_code"]) {
      if (control(name)) control(name).value = page.district;
    }
  }

  function clear() {
    form.reset();
    setDefaults();
    for (const field of page.fields) show(field.name, "");
    summary.hidden = true;
    saved.hidden = true;
    goTo(page.fields[0].name);
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const [values, faults] = check();
    saved.hidden = true;
    showSummary(faults);
    if (faults.length) return;
    const [name, text] = fileOf(values, new Date());
    download(name, text);
    document.getElementById("saved-name").textContent = name;
    saved.hidden = false;
    saved.focus();
    saved.scrollIntoView({ block: "center" });
  });
  for (const field of page.fields) {
    control(field.name).addEventListener("change", () => {
      if (field.control === "date") {
        const found = dateOf(valueOf(field));
        if (found) control(field.name).value = found.text;
      }
      const values = allValues();
      // An empty field is no error before somebody tries to save.
      if (values[field.name] || boxOf(field.name).classList.contains("is-wrong")) show(field.name, faultOf(field, values), true);
    });
  }
  document.getElementById("clear").addEventListener("click", clear);
  document.getElementById("another").addEventListener("click", clear);
  setDefaults();
})();
