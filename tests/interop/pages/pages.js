// The pages in a browser: those of `codelibra serve`, of a folder (with and without a host), and of the router.
//
//     node pages.js PATH-TO-codelibra PATH-TO-ROUTER PATH-TO-chromium PATH-TO-CATALOGUE.proto [FOLDER-FOR-SCREENSHOTS]
//
// On a phone and on a desktop, in the light scheme and in the dark one: every page fits the width of the window, axe finds no
// violation of WCAG 2.2 level AA, and the console has no error. The catalogue has deprecated entries. `behaviour.js` tests what
// the pages do.

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath, pathToFileURL } from "node:url";
import { chromium } from "playwright-core";
import { behave, nearest } from "./behaviour.js";
import { host } from "./static_host.js";

const TIMEOUT = 240_000; // milliseconds, for all of it; it takes about 60 s
const WIDTHS = [390, 1280];
const SCHEMES = ["light", "dark"];
const AXE = readFileSync(fileURLToPath(import.meta.resolve("axe-core/axe.min.js")), "utf8");
const AA = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
const [codelibra, router, executablePath, catalogue, screenshots] = process.argv.slice(2);

let running; // the server, which must not outlive this process

// Runs `use` with the address that a server prints.
async function withServer(command, args, pattern, use) {
  const server = spawn(command, args, { stdio: ["ignore", "pipe", "ignore"], timeout: TIMEOUT });
  const ended = once(server, "exit");
  running = server;
  try {
    for await (const line of createInterface({ input: server.stdout })) {
      const address = pattern.exec(line);
      if (address) return await use(address[1]);
    }
    throw new Error(`${command} ended before it listened`);
  } finally {
    server.kill();
    await ended;
  }
}

// Runs `use` with the address of the gateway of `codelibra serve`.
function serving(args, use) {
  const free = ["serve", "--grpc", "127.0.0.1:0", "--http", "127.0.0.1:0"];
  return withServer(codelibra, [...args, ...free], /^HTTP gateway\s+(\S+)/, use);
}

// What is wrong with the layout of a page. Runs in the browser.
function inspect() {
  for (const details of document.querySelectorAll("details")) details.open = true;
  const faults = [];
  const { scrollWidth, clientWidth } = document.documentElement;
  if (scrollWidth > clientWidth) faults.push(`it is ${scrollWidth} px wide`);
  let texts = 0;
  for (const element of document.querySelectorAll("body, body *")) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    if (element.tagName === "SCRIPT" || !(own || element.placeholder) || !element.checkVisibility()) continue;
    texts++;
    const { right, width } = element.getBoundingClientRect();
    if (width > 0 && right > clientWidth + 0.5) faults.push(`<${element.tagName}> ends at ${right} px`);
  }
  if (texts < 3) faults.push(`it has ${texts} texts`);
  return faults;
}

// The paths of the pages, and the status of each. `codes` is how many pages of codes there are among them.
async function paths(url, codes) {
  const { errors } = await (await fetch(`${url}/v1/errors`)).json();
  const found = ["/errors", "/errors?q=the", "/errors?q=nothing-like-this", `/errors/${errors[0].name}`];
  const missing = ["/nowhere", "/errors/404404", "/errors/403000", "/errors/4030", `/errors/${"UserBand".repeat(20)}`];
  found.push(...errors.slice(0, codes).map(({ code }) => `/errors/${code}`));
  return [...found.map((path) => [path, 200]), ...missing.map((path) => [path, 404])];
}

// Opens each page of a server; returns the number of pages and their faults.
async function visit(browser, name, url) {
  const faults = [];
  let pages = 0;
  for (const colorScheme of SCHEMES) {
    for (const width of WIDTHS) {
      // A narrow window is the one that a page may not fit, and its layout is the same in both schemes.
      const codes = width === WIDTHS[0] && colorScheme === SCHEMES[0] ? Infinity : 3;
      const context = await browser.newContext({ colorScheme, viewport: { width, height: 844 } });
      const page = await context.newPage();
      let where, expected;
      const fault = (text) => faults.push(`${where} (${width} px, ${colorScheme}): ${text}`);
      page.on("pageerror", (error) => fault(error.message));
      page.on("console", (message) => {
        // Chromium reports the status of a page that is a 404.
        const isStatus = expected === 404 && message.text().includes("status of 404");
        if (message.type() === "error" && !isStatus) fault(message.text());
      });
      for ([where, expected] of await paths(url, codes)) {
        const response = await page.goto(url + where);
        const type = response.headers()["content-type"];
        if (response.status() !== expected) fault(`status ${response.status()}`);
        if (!type.startsWith("text/html")) fault(`it is ${type}`);
        for (const text of await page.evaluate(inspect)) fault(text);
        // The layout decides what axe sees, not the code: a few pages of each layout are enough.
        if (pages < 8 || codes === 3) {
          await page.evaluate(AXE);
          const { violations } = await page.evaluate((values) => axe.run({ runOnly: { type: "tag", values } }), AA);
          for (const { id, nodes } of violations) fault(`${id}: ${nodes[0].html}: ${nodes[0].failureSummary}`);
        }
        if (screenshots) {
          const file = `${name}-${where.slice(1, 40).replaceAll(/\W/g, "-")}-${width}-${colorScheme}.png`;
          await page.screenshot({ path: join(screenshots, file), fullPage: true });
        }
        pages++;
      }
      await context.close();
    }
  }
  return { pages, faults };
}

const userDataDir = mkdtempSync(join(tmpdir(), "pages-"));
const args = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
const timer = setTimeout(() => {
  console.error(`the pages took longer than ${TIMEOUT / 1000} s`);
  running?.kill();
  process.exit(1);
}, TIMEOUT);
const browser = await chromium.launch({ executablePath, args, env: { ...process.env, HOME: userDataDir } });
try {
  let count = 0;
  const all = [];
  const site = join(userDataDir, "site");
  execFileSync(codelibra, ["export", "html", "--output", site]);
  const fileOf = (name) => pathToFileURL(join(site, name, "index.html")).href;
  await behave(browser, { list: fileOf(""), code: fileOf });
  const { server, url } = await host(site, "/deep/er");
  await behave(browser, { list: `${url}/`, code: (name) => `${url}/${name}` });
  await withServer(router, [], /^(http\S+)/, async (list) => {
    const code = (name) => `${list}/${name}`;
    await behave(browser, { list, code, isServer: true });
  });
  for (const [name, args] of [
    ["codelibra", []],
    ["other", ["--catalog", catalogue]],
  ]) {
    await serving(args, async (gateway) => {
      const { pages, faults } = await visit(browser, name, gateway);
      count += pages;
      all.push(...faults);
      if (args.length) return;
      const code = (name) => `${gateway}/errors/${name}`;
      await behave(browser, { list: `${gateway}/errors`, code, isServer: true, canRaise: true });
      // The script of 404.html names the same codes as the server.
      const page = await browser.newPage();
      const misspelt = ["4030", "40303", "4030031", "430003", "999", "UserBand", "user-banned", "LockOut", "Forbidden", "zz"];
      for (const wanted of misspelt) {
        const expected = await nearest(page, code(wanted));
        assert.deepEqual(await nearest(page, `${url}/${wanted}`), expected, wanted);
        assert.ok(expected.length, wanted);
        await page.locator("#codes a").first().click();
        assert.equal(await page.locator("h1 .number").textContent(), expected[0], "the link leads to the code");
      }
      await page.close();
    });
  }
  server.close();
  assert.deepEqual(all, []);
  console.log(`${count} pages fit ${WIDTHS.join(" and ")} px and pass axe, and they behave in four places`);
} finally {
  clearTimeout(timer);
  await browser.close();
  rmSync(userDataDir, { recursive: true, force: true });
}
