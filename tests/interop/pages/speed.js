// How fast the search of a list is: `node speed.js PATH-TO-chromium FOLDER`, where FOLDER is what `codelibra export html` wrote.
// Prints the time from a keystroke to the next frame, with style and layout computed. It is not a test.

import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const [executablePath, folder] = process.argv.slice(2);
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
try {
  const page = await browser.newPage();
  await page.goto(pathToFileURL(resolve(folder, "index.html")).href);
  const times = await page.evaluate(() => {
    const q = document.querySelector("[name=q]");
    const text = "alpha bravo 4031";
    const times = [];
    for (let end = 1; end <= text.length; end++) {
      q.value = text.slice(0, end);
      const start = performance.now();
      q.dispatchEvent(new Event("input"));
      document.body.getBoundingClientRect(); // style and layout
      times.push(performance.now() - start);
    }
    return times;
  });
  const rows = await page.locator("#all li").count();
  times.sort((a, b) => a - b);
  const median = times[times.length >> 1];
  console.log(`${rows} entries: median ${median.toFixed(1)} ms, longest ${times.at(-1).toFixed(1)} ms for a keystroke; a frame is 16.7 ms`);
} finally {
  await browser.close();
}
