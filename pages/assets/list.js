// The search of the list. Without it, the list is complete, and a server filters it.
const LIMIT = 30; // results that are shown before "Show all"
const form = document.getElementById("search");
const { q } = form.elements;
const filters = ["class", "grpc", "recovery"].map((name) => form.elements[name]);
const all = document.getElementById("all");
const found = document.getElementById("found");
const count = document.getElementById("count");

const rows = [];
for (const group of all.children) {
  group.hidden = false;
  for (const item of group.querySelectorAll("li")) {
    item.hidden = false;
    const { grpc, recovery, text } = item.dataset;
    rows.push({
      item,
      heading: group.querySelector("h2").textContent,
      values: [group.dataset.class, grpc, recovery],
      text: `${item.textContent} ${text}`.toLowerCase().replace(/\s+/g, " "),
    });
  }
}

// Shows the rows that match, and the first `limit` of them.
function apply(limit = LIMIT) {
  const words = q.value.toLowerCase().split(/\s+/).filter(Boolean);
  const wanted = filters.map((filter) => filter.value);
  const isAll = !words.length && wanted.every((value) => !value);
  const matches = isAll
    ? rows
    : rows.filter(
        (row) =>
          wanted.every((value, i) => !value || value === row.values[i]) &&
          words.every((word) => row.text.includes(word)),
      );
  all.hidden = !isAll;
  found.hidden = isAll;
  count.textContent = `${matches.length} of ${rows.length}`;
  const nodes = [];
  let list, heading;
  for (const row of isAll ? [] : matches.slice(0, limit)) {
    if (row.heading !== heading) {
      const title = document.createElement("h2");
      title.textContent = heading = row.heading;
      list = document.createElement("ul");
      list.className = "rows";
      nodes.push(title, list);
    }
    list.append(row.item.cloneNode(true));
  }
  if (!isAll && matches.length > limit) {
    const more = document.createElement("button");
    more.textContent = `Show all ${matches.length}`;
    more.onclick = () => {
      apply(Infinity);
      found.querySelectorAll("a")[limit]?.focus();
    };
    nodes.push(more);
  }
  found.replaceChildren(...nodes);
}

// The address of the current search, without empty parts.
function address() {
  const query = new URLSearchParams([...new FormData(form)].filter(([, value]) => value)).toString();
  return location.pathname + (query && `?${query}`);
}

function fromAddress() {
  const query = new URLSearchParams(location.search);
  for (const field of [q, ...filters]) {
    field.value = query.get(field.name) ?? "";
    // A filter that is no option.
    if (field.selectedIndex < 0) field.selectedIndex = 0;
  }
  apply();
}

q.addEventListener("input", () => {
  apply();
  history.replaceState(null, "", address());
});
for (const filter of filters) {
  filter.addEventListener("change", () => {
    apply();
    history.pushState(null, "", address());
  });
}
form.addEventListener("submit", (event) => {
  event.preventDefault();
  open_(links()[0]);
});
addEventListener("popstate", fromAddress);
// A page from the cache of the browser has its own state.
addEventListener("pageshow", fromAddress);

const links = () => [...(all.hidden ? found : all).querySelectorAll("a")];
const open_ = (link) => link && link.click();

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  const active = document.activeElement;
  const isField = active !== q && active?.matches?.("input, select, textarea");
  if (event.key === "/" && active !== q && !isField) {
    q.focus();
    q.select();
  } else if (event.key === "Escape") {
    if (q.value || filters.some((filter) => filter.value)) {
      form.reset();
      for (const field of [q, ...filters]) field.value = "";
      apply();
      history.replaceState(null, "", address());
    }
    q.focus();
  } else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && !isField) {
    const targets = links();
    const at = targets.indexOf(active) + (event.key === "ArrowDown" ? 1 : -1);
    if (at < 0) q.focus();
    else targets[at]?.focus();
  } else {
    return;
  }
  event.preventDefault();
});

form.hidden = false;
form.querySelector("button").hidden = true;
document.getElementById("keys").hidden = false;
fromAddress();
