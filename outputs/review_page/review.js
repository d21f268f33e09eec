"use strict";
// Collects the decisions of the page and saves them as decisions.csv; nothing leaves the machine.
(() => {
  const items = JSON.parse(document.getElementById("review-data").textContent).items;
  const decided = document.getElementById("decided");
  const save = document.getElementById("save");
  const columns = ["Item", "Kind", "Decision", "SameAs", "Candidates", "Members", "District", "Reason", "AgeDays"];
  let isSaved = true;

  const chosen = (name) => document.querySelector(`input[name="${CSS.escape(name)}"]:checked`);

  function rows() {
    return items
      .map((item) => ({ ...item, input: chosen(item.item) }))
      .filter((item) => item.input && item.input.value);
  }

  function show() {
    const found = rows();
    const whole = found.filter((item) => item.kind === "group");
    const covered = new Set(whole.flatMap((item) => item.members.split(" ")));
    found.filter((item) => item.kind !== "group").forEach((item) => covered.add(item.item));
    const total = items.filter((item) => item.kind !== "group").length;
    decided.textContent = covered.size ? `${covered.size} of ${total} decided.` : "Nothing decided yet.";
    save.disabled = found.length === 0;
    document.querySelectorAll("article.question").forEach((article) => {
      const input = article.querySelector("input[type=radio]");
      article.classList.toggle("is-decided", covered.has(input.name));
    });
  }

  function text() {
    const lines = rows().map((item) =>
      [item.item, item.kind, item.input.value, item.input.dataset.same || "", item.candidates, item.members, "", "", ""].join(",")
    );
    return [columns.join(","), ...lines, ""].join("\r\n");
  }

  document.addEventListener("change", () => { isSaved = false; show(); });
  save.addEventListener("click", () => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text()], { type: "text/csv" }));
    link.download = "decisions.csv";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
    isSaved = true;
  });
  window.addEventListener("beforeunload", (event) => { if (!isSaved) event.preventDefault(); });
  show();
})();
