/** Renders the pages of pages.json, and leaves page-NNN.png beside it. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const { chromium } = createRequire(`${process.env.CODE_SERVER}/`)("playwright-core");
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--host-resolver-rules=MAP * ~NOTFOUND"],
});
const page = await browser.newPage({ viewport: { width: 1120, height: 700 } });
const pages = JSON.parse(readFileSync("pages.json", "utf8"));
for (const [index, html] of pages.entries()) {
  await page.setContent(html);
  await page.screenshot({ path: `page-${String(index).padStart(3, "0")}.png` });
}
await browser.close();
