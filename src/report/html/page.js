"use strict";
// Copies, searches and sorts. A page is complete without this script.
const all = (selector, within = document) => [...within.querySelectorAll(selector)];

// A button beside each text that can be copied.
for (const text of all(".copyable pre, textarea")) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "copy";
  button.textContent = "Copy";
  button.addEventListener("click", async () => {
    const value = text.value ?? text.textContent;
    try {
      await navigator.clipboard.writeText(value);
    } catch {
      // Without a clipboard, as in a page from a plain server: by the selection.
      getSelection().selectAllChildren(text);
      if (text.select) text.select();
      document.execCommand("copy");
    }
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  });
  text.before(button);
}

const tools = document.querySelector(".tools");
if (tools) {
  const { search, order, found } = tools.elements;
  const cards = all(".card[data-name]");
  const others = all(".coverage tbody tr, .cause");
  const folds = all("details.passes");
  const text = new Map([...cards, ...others].map((it) => [it, it.textContent.toLowerCase()]));
  tools.hidden = false;

  search.addEventListener("input", () => {
    const wanted = search.value.trim().toLowerCase().split(/\s+/);
    const matches = (it) => wanted.every((word) => text.get(it).includes(word));
    for (const it of [...cards, ...others]) it.hidden = !matches(it);
    for (const fold of folds) fold.open = search.value !== "" && all(".card:not([hidden])", fold).length > 0;
    const shown = cards.filter((it) => !it.hidden).length;
    found.value = search.value === "" ? "" : `${shown} of ${cards.length}`;
  });

  order.addEventListener("change", () => {
    const key = order.value;
    const compare = key === "name"
      ? (a, b) => a.dataset.name.localeCompare(b.dataset.name)
      : (a, b) => Number(b.dataset[key]) - Number(a.dataset[key]);
    for (const list of all(".cards")) list.append(...[...list.children].sort(compare));
  });
  tools.addEventListener("submit", (event) => event.preventDefault());
}

// A click on a column's title sorts by it, a second one the other way round.
for (const title of all("thead th")) {
  const at = title.cellIndex;
  const isNumber = title.classList.contains("number");
  const amount = (row) => {
    const [number, unit] = row.cells[at].textContent.replaceAll(",", "").split(" ");
    return (Number.parseFloat(number) || 0) * ({ KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 }[unit] ?? 1);
  };
  const compare = isNumber
    ? (a, b) => amount(a) - amount(b)
    : (a, b) => a.cells[at].textContent.localeCompare(b.cells[at].textContent);
  let direction = isNumber ? -1 : 1;
  const sort = () => {
    const body = title.closest("table").tBodies[0];
    body.append(...[...body.rows].sort((a, b) => direction * compare(a, b)));
    direction = -direction;
  };
  title.classList.add("sortable");
  title.tabIndex = 0;
  title.addEventListener("click", sort);
  title.addEventListener("keydown", (event) => { if (event.key === "Enter") sort(); });
}

// A link to something folded opens it.
const unfold = () => {
  const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  for (let it = target; it; it = it.parentElement) if (it.tagName === "DETAILS") it.open = true;
  if (target) target.scrollIntoView();
};
addEventListener("hashchange", unfold);
unfold();
