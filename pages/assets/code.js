// Copy buttons, and "try it". Without them, the page has the same content.
for (const box of document.querySelectorAll(".copied")) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "Copy";
  button.addEventListener("click", async () => {
    const text = box.querySelector("pre");
    button.textContent = (await copy(text)) ? "Copied" : "Press Ctrl-C";
    button.addEventListener("blur", () => (button.textContent = "Copy"), { once: true });
  });
  box.prepend(button);
}

async function copy(element) {
  try {
    await navigator.clipboard.writeText(element.textContent);
    return true;
  } catch {
    // No clipboard without TLS: the text is selected.
    getSelection().selectAllChildren(element);
    return document.execCommand("copy");
  }
}

const form = document.getElementById("try");
if (form) {
  const shown = document.getElementById("response");
  form.hidden = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const query = new URLSearchParams([...new FormData(form)].filter(([, value]) => value)).toString();
    const accept = document.getElementById("accept").value;
    try {
      const response = await fetch(form.dataset.url + (query && `?${query}`), { headers: { accept } });
      const text = await response.text();
      const fields = [...response.headers].map(([name, value]) => `${name}: ${value}\n`).join("");
      shown.textContent = `HTTP ${response.status}\n${fields}\n${pretty(text)}`;
    } catch (error) {
      shown.textContent = `The request failed: ${error.message}`;
    }
    shown.hidden = false;
  });
}

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input, select")) return;
  if (event.key !== "/") return;
  event.preventDefault();
  location.href = document.getElementById("list").href + "#search";
});
