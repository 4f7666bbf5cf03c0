/** A window of real VS Code in a real browser, as a person uses it: by sight, keys and clicks. */
import { mkdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";

const { chromium } = createRequire(`${process.env.CODE_SERVER}/`)("playwright-core");

const NOWHERE = "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1";
export const WAIT = { timeout: 30_000 };

/** Plays `script` in a window on `folder`; what it saw goes to $RESULT, pictures to $SHOTS. */
export async function play(script) {
  const seen = {};
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", `--host-resolver-rules=${NOWHERE}`],
  });
  const open = async (folder = process.env.PROJECT) => {
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    const kind = folder.endsWith(".code-workspace") ? "workspace" : "folder";
    await page.goto(`${process.env.URL}/?${kind}=${folder}`);
    await page.waitForSelector(".monaco-workbench", WAIT);
    return editorWindow(page);
  };
  let last;
  try {
    await script(async (folder) => (last = await open(folder)), seen);
  } catch (error) {
    seen.error = String(error?.stack ?? error);
    await last?.shot("error");
  }
  writeFileSync(process.env.RESULT, JSON.stringify(seen));
  await browser.close();
  process.exitCode = seen.error === undefined ? 0 : 1;
}

function editorWindow(page) {
  const status = page.locator('.statusbar-item[id$="holdfast.status"]');
  const input = page.locator(".quick-input-widget:not([style*='display: none']) input").first();
  const row = page.locator(".quick-input-list .monaco-list-row");
  const toast = page.locator(".notification-list-item");
  const self = {
    page,
    toast,
    /** The text of the status bar item, once it contains `text`. */
    status: async (text) => {
      await status.filter({ hasText: text }).waitFor(WAIT);
      return (await status.innerText()).trim();
    },
    warns: async () => (await status.getAttribute("class")).includes("warning-kind"),
    clickStatus: () => status.locator("a").first().click(),
    /** Runs a command of the palette by its full title. */
    command: async (title) => {
      await page.keyboard.press("F1");
      await input.waitFor(WAIT);
      await input.fill(`>${title}`);
      await row.filter({ hasText: title }).first().waitFor(WAIT);
      await page.keyboard.press("Enter");
    },
    /** Types into the box that asks. */
    answer: async (text) => {
      await input.waitFor(WAIT);
      await input.fill(text);
      await page.keyboard.press("Enter");
    },
    /** Types into the box of a list that follows. */
    type: async (text) => {
      await input.waitFor(WAIT);
      await input.fill(text);
    },
    /** Clicks the row of a list that contains `text`. */
    choose: (text) => row.filter({ hasText: text }).first().click(WAIT),
    rows: () => row.allInnerTexts(),
    row: (text) => row.filter({ hasText: text }).first().waitFor(WAIT),
    /** Clicks a button of the notification that contains `text`; the notification's text. */
    press: async (text, button) => {
      const click = page.locator(".monaco-button", { hasText: button });
      const item = toast.filter({ hasText: text }).filter({ has: click }).first();
      await item.waitFor(WAIT);
      const said = (await item.locator(".notification-list-item-message").innerText()).trim();
      await item.locator(".monaco-button", { hasText: button }).first().click(WAIT);
      return said;
    },
    told: (text) => toast.filter({ hasText: text }).first().waitFor(WAIT),
    open: async (name) => {
      await page.keyboard.press("Control+P");
      await input.waitFor(WAIT);
      await input.fill(name);
      await row
        .filter({ hasText: path.basename(name) })
        .first()
        .waitFor(WAIT);
      await page.keyboard.press("Enter");
      await page.locator(".tab.active", { hasText: path.basename(name) }).waitFor(WAIT);
      await page.locator(".monaco-editor .view-line").first().waitFor(WAIT);
    },
    /** The visible text of the editor, once it contains `text`. */
    text: async (text) => {
      const line = page.locator(".editor-instance .view-line", { hasText: text });
      await line.first().waitFor(WAIT);
      return (await page.locator(".editor-instance .view-line").allInnerTexts()).map((each) =>
        each.replaceAll("\u00a0", " "),
      );
    },
    gone: (selector) => page.waitForFunction((css) => !document.querySelector(css), selector, WAIT),
    shot: async (name) => {
      mkdirSync(process.env.SHOTS, { recursive: true });
      await page.screenshot({ path: path.join(process.env.SHOTS, `${name}.png`) });
    },
  };
  return self;
}
