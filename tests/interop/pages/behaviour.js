// What the pages do, in each of their places: the search, the filters, deep links, keys, the back button, copying, no script,
// paper, and addresses that do not exist. `place` is where the pages are:
//
//     list       the address of the list
//     code       makes the address of a code, a name or a reason
//     isServer   whether a server answers: it filters without a script, and names the nearest codes
//     canRaise   whether the page of a code raises the error

import assert from "node:assert/strict";

const EXAMPLE = { code: "403003", name: "UserBanned", reason: "USER_BANNED" };

// The codes that the list shows.
const shown = (page) => page.locator(".rows li:visible .number").allTextContents();

async function search(page, place) {
  await page.goto(place.list);
  const all = await shown(page);
  assert.ok(all.length > 20 && all.includes(EXAMPLE.code));
  assert.ok(await page.getByRole("heading", { name: "403 Forbidden" }).isVisible(), "groups have headings");
  const q = page.locator("[name=q]");
  // A number, a name, a reason, a part of each, and words of the texts.
  for (const text of ["403003", "UserBanned", "userban", "USER_BANNED", "banned user", "has been banned"]) {
    await q.fill(text);
    assert.ok((await shown(page)).includes(EXAMPLE.code), text);
    assert.ok((await shown(page)).length < 5, text);
  }
  await q.fill("nothing-like-this");
  assert.deepEqual(await shown(page), []);
  assert.match(await page.locator("#count").textContent(), /^0 of \d+$/);
  await q.fill("");
  assert.deepEqual(await shown(page), all);
  assert.equal(new URL(page.url()).search, "");
}

async function filter(page, place) {
  await page.goto(place.list);
  const all = await shown(page);
  for (const [name, value] of [
    ["class", "403"],
    ["grpc", "NOT_FOUND"],
    ["recovery", "STEP_UP"],
  ]) {
    await page.locator(`[name=${name}]`).selectOption(value);
    const some = await shown(page);
    assert.ok(some.length > 0 && some.length < all.length, value);
    if (name === "class") assert.ok(some.every((code) => code.startsWith("403")));
    await page.goBack();
    assert.deepEqual(await shown(page), all, "the back button removes the filter");
  }
  await page.locator("[name=class]").selectOption("403");
  await page.locator("[name=recovery]").selectOption("STEP_UP");
  const both = await shown(page);
  assert.ok(both.length > 0 && both.every((code) => code.startsWith("403")));
  // A deep link shows the same.
  const link = page.url();
  await page.goto("about:blank");
  await page.goto(link);
  assert.deepEqual(await shown(page), both);
  await page.goto(`${place.list}?q=banned&class=nothing`);
  assert.deepEqual(await shown(page), [EXAMPLE.code], "a filter that does not exist is ignored");
}

async function keys(page, place) {
  await page.goto(place.list);
  const focused = () => page.evaluate(() => document.activeElement.name || document.activeElement.textContent);
  await page.keyboard.press("/");
  assert.equal(await focused(), "q");
  await page.keyboard.type("forbidden");
  const found = await shown(page);
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowDown");
  assert.match(await focused(), new RegExp(found[1]));
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("ArrowUp");
  assert.equal(await focused(), "q");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await page.waitForURL(new RegExp(found[0]));
  await page.goBack();
  await page.waitForURL(/q=forbidden/);
  assert.deepEqual(await shown(page), found, "the back button keeps the search");
  await page.keyboard.press("/");
  await page.keyboard.press("Escape");
  assert.ok((await shown(page)).length > found.length);
  // Enter in the search opens the first result, and / leads from there to the search.
  await page.keyboard.type("userbanned");
  await page.keyboard.press("Enter");
  await page.waitForURL(new RegExp(EXAMPLE.code));
  await page.keyboard.press("/");
  await page.waitForURL(/#search$/);
}

async function code(page, place) {
  for (const address of [EXAMPLE.name, EXAMPLE.reason]) {
    await page.goto(place.code(address));
    await page.waitForURL((url) => url.pathname.includes(EXAMPLE.code));
  }
  await page.goto(place.code(EXAMPLE.code));
  const text = await page.locator("main").innerText();
  for (const part of ["Next step", "grpc-status-details-bin", "codelibra.error.v1.ErrorInfo", "Related codes"]) {
    assert.ok(text.includes(part), part);
  }
  assert.equal(await page.locator("details").count(), 5 + 6, "five forms, six languages");
  await page.locator("summary", { hasText: "Python" }).click();
  const python = page.locator("details", { hasText: "grpcio-status" });
  const source = await python.locator("pre").first().textContent();
  await python.locator(".copied button").first().click();
  await python.getByText("Copied").waitFor();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), source);
  // From a related code back to the list.
  await page.locator("section", { hasText: "Related codes" }).locator("li a").first().click();
  await page.waitForURL((url) => !url.pathname.includes(EXAMPLE.code));
  await page.locator("nav a").click();
  await page.locator("#search").waitFor();
  // The JSON.
  await page.goto(place.code(EXAMPLE.code));
  await page.getByText("this entry as JSON").click();
  await page.waitForURL(/json|v1/);
  const entry = JSON.parse(await page.locator("body").innerText());
  assert.equal(entry.reason, EXAMPLE.reason);
}

async function raise(page, place) {
  await page.goto(place.code("403005"));
  await page.locator("[name=message]").fill("not <b>now</b>");
  await page.locator("[name=locked_until]").fill("2030-01-01T00:00:00Z");
  await page.getByRole("button", { name: "Send" }).click();
  const response = page.locator("#response");
  await response.waitFor();
  let text = await response.textContent();
  for (const part of ["HTTP 403", "codelibra-error-code: 403005", '"message": "not <b>now</b>"', "2030-01-01T00:00:00Z"]) {
    assert.ok(text.includes(part), `${part}: ${text}`);
  }
  await page.locator("#accept").selectOption("application/problem+json");
  await page.getByRole("button", { name: "Send" }).click();
  await page.locator("#response", { hasText: "content-type: application/problem+json" }).waitFor();
  await page.locator("[name=locked_until]").fill("tomorrow");
  await page.getByRole("button", { name: "Send" }).click();
  await page.locator("#response", { hasText: "is not a valid timestamp" }).waitFor();
}

async function withoutScript(browser, place) {
  const context = await browser.newContext({ javaScriptEnabled: false });
  const page = await context.newPage();
  await page.goto(place.list);
  assert.ok(await page.locator("li", { hasText: EXAMPLE.code }).isVisible());
  assert.equal(await page.locator("#search").isVisible(), Boolean(place.isServer));
  if (place.isServer) {
    await page.locator("[name=q]").fill("banned");
    await page.locator("[name=class]").selectOption("403");
    await page.getByRole("button", { name: "Search" }).click();
    assert.deepEqual(await shown(page), [EXAMPLE.code]);
  }
  await page.getByText(EXAMPLE.name).click();
  await page.waitForURL((url) => url.pathname.includes(EXAMPLE.code));
  assert.ok(await page.getByText("has been banned").first().isVisible());
  await page.locator("summary", { hasText: "connect" }).click();
  assert.ok(await page.getByText('"permission_denied"').last().isVisible());
  assert.equal(await page.locator("button:visible").count(), 0, "a button that does nothing");
  await page.locator("nav a").click();
  assert.ok(await page.getByText(EXAMPLE.name).isVisible());
  await context.close();
}

async function paper(page, place) {
  await page.emulateMedia({ media: "print", colorScheme: "dark" });
  await page.goto(place.code(EXAMPLE.code));
  const style = (selector, property, pseudo) =>
    page.locator(selector).last().evaluate((e, [p, s]) => getComputedStyle(e, s)[p], [property, pseudo]);
  assert.equal(await style("body", "backgroundColor"), "rgb(255, 255, 255)", "paper is white");
  assert.equal(await style("details", "contentVisibility", "::details-content"), "visible", "nothing is folded");
  assert.equal(await page.locator("button:visible").count(), 0);
  await page.goto(place.list);
  assert.equal(await page.locator("#search").isVisible(), false);
  await page.emulateMedia({ media: null, colorScheme: null });
}

// The codes that are named for an address that does not exist.
export async function nearest(page, address) {
  await page.goto(address);
  return page.locator("#nearest .number, #codes li:visible .number").allTextContents();
}

export async function behave(browser, place) {
  const context = await browser.newContext({ permissions: ["clipboard-read", "clipboard-write"] });
  const page = await context.newPage();
  page.setDefaultTimeout(10_000);
  const faults = [];
  page.on("pageerror", (error) => faults.push(`${page.url()}: ${error.message}`));
  page.on("console", (message) => {
    // The browser looks for an icon of the JSON, which has none.
    const isIcon = message.location().url.endsWith("/favicon.ico");
    if (message.type() === "error" && !isIcon) faults.push(`${page.url()}: ${message.text()}`);
  });
  page.on("dialog", (dialog) => faults.push(`${page.url()}: a dialog`) && dialog.dismiss());
  page.on("request", (request) => {
    if (request.resourceType() === "document" || (place.canRaise && request.url().includes(":raise"))) return;
    faults.push(`${page.url()} loads ${request.url()}`);
  });
  for (const step of [search, filter, keys, code, ...(place.canRaise ? [raise] : []), paper]) {
    try {
      // "try it" shows errors, which the console reports.
      const before = faults.length;
      await step(page, place);
      if (step === raise) faults.splice(before, Infinity, ...faults.slice(before).filter((f) => !f.includes("status of 4")));
    } catch (error) {
      error.message = `${place.list}, ${step.name}: ${error.message}`;
      throw error;
    }
  }
  await withoutScript(browser, place);
  assert.deepEqual(faults, []);
  await context.close();
}
