// The page of a static host for an address that does not exist: names the codes that are most like it. The host serves this
// page at any address, so the links are relative to the folder that contains the last part of the address.
const parts = location.pathname.split("/").filter((part, i, all) => part !== "index.html" || i < all.length - 1);
while (parts.length > 1 && parts.at(-1) === "") parts.pop();
let wanted = parts.pop() ?? "";
try {
  wanted = decodeURIComponent(wanted);
} catch {
  // It is shown as it is.
}
const base = parts.join("/") + "/";
const list = document.getElementById("list");
list.href = base + "index.html";
const items = [...document.querySelectorAll("#codes li")];
for (const { dataset, firstElementChild } of items) firstElementChild.href = `${base}${dataset.code}/index.html`;

// The number of edits between two texts; an exchange of two neighbours is one edit.
function distance(a, b) {
  let before = [];
  let row = [...Array(b.length + 1).keys()];
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const isSame = a[i - 1] === b[j - 1];
      next[j] = Math.min(next[j - 1] + 1, row[j] + 1, row[j - 1] + (isSame ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) next[j] = Math.min(next[j], before[j - 2] + 1);
    }
    [before, row] = [row, next];
  }
  return row[b.length];
}

function commonPrefix(a, b) {
  let at = 0;
  while (at < a.length && a[at] === b[at]) at++;
  return at;
}

// The order of two lists of values.
function compare(a, b) {
  const at = a.findIndex((value, i) => value !== b[i]);
  return at < 0 ? 0 : a[at] < b[at] ? -1 : 1;
}

const MAX = 3; // names that are shown
const plain = (name) => name.replace(/[_\- ]/g, "").toLowerCase().slice(0, 80);
const digits = wanted.replace(/[^0-9]/g, "").slice(0, 80);
const letters = plain(wanted);
const isNumber = digits.length > wanted.replace(/[^\p{Alphabetic}]/gu, "").length;
const ranked = items.map((item) => {
  const { code, name } = item.dataset;
  if (isNumber) return { item, rank: [distance(code, digits), -commonPrefix(code, digits), Math.abs(digits - code)] };
  const known = plain(name);
  return { item, rank: [letters.length >= 4 && known.includes(letters) ? 0 : distance(known, letters), name] };
});
ranked.sort((a, b) => compare(a.rank, b.rank));
const farthest = ranked.length ? ranked[0].rank[0] + (isNumber ? 0 : 2) : 0;
const nearest = letters ? ranked.filter(({ rank }) => rank[0] <= farthest).slice(0, MAX) : [];
if (nearest.length && !wanted.endsWith(".html")) {
  const text = document.createElement("code");
  text.textContent = wanted.slice(0, 80);
  document.getElementById("missing").prepend("There is no ", text, ". The nearest codes are shown below. ");
  document.getElementById("codes").replaceChildren(...nearest.map(({ item }) => item));
}
