/** A window of real VS Code in a real browser, as a person uses it: by sight, keys and clicks. */
import { mkdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";

const { chromium } = createRequire(`${process.env.CODE_SERVER}/`)("playwright-core");

const NOWHERE = "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1";
/** A busy machine takes long to start an editor. */
export const WAIT = { timeout: 60_000 };
/** A notification is shown for about ten seconds. */
const GLANCE = { timeout: 8_000 };

/** Waits for something outside of the window. */
export async function until(what, holds, milliseconds = WAIT.timeout) {
  for (const end = Date.now() + milliseconds; !holds();) {
    if (Date.now() > end) throw new Error(`not in time: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Plays `script` in a window on `folder`; what it saw goes to $RESULT, pictures to $SHOTS. */
export async function play(script) {
  const seen = {};
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", `--host-resolver-rules=${NOWHERE}`],
  });
  const open = async (folder = process.env.PROJECT, tests = {}) => {
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    const url = new URL(process.env.URL);
    const kind = folder.endsWith(".code-workspace") ? "workspace" : "folder";
    url.searchParams.set(kind, folder);
    if (Object.keys(tests).length > 0) {
      const remote = (place) => `vscode-remote://${url.host}${place}`;
      const payload = Object.entries(tests).map(([name, place]) => [name, remote(place)]);
      url.searchParams.set("payload", JSON.stringify(payload));
      await page.addInitScript(allowTests);
    }
    await page.goto(url.href);
    await page.waitForSelector(".monaco-workbench", WAIT);
    if (kind === "workspace") await folders(page);
    return editorWindow(page);
  };
  let last;
  try {
    await script(async (...place) => (last = await open(...place)), seen);
  } catch (error) {
    seen.error = String(error?.stack ?? error);
    await last?.shot("error");
  }
  writeFileSync(process.env.RESULT, JSON.stringify(seen));
  await browser.close();
  process.exitCode = seen.error === undefined ? 0 : 1;
}

/** A built VS Code heeds tests in its address only when its page is told to, before it is read. */
function allowTests() {
  const allow = () => {
    const element = document.getElementById("vscode-workbench-web-configuration");
    if (element === null) return;
    watcher.disconnect();
    const settings = JSON.parse(element.dataset.settings);
    settings.developmentOptions = { ...settings.developmentOptions, enableSmokeTestDriver: true };
    element.dataset.settings = JSON.stringify(settings);
  };
  const watcher = new MutationObserver(allow);
  watcher.observe(document, { childList: true, subtree: true });
}

/** Now and then VS Code opens a workspace file without its folders; it does not look again by itself. */
async function folders(page) {
  const first = page.locator(".explorer-folders-view .monaco-list-row").first();
  for (let tries = 3; tries > 0; tries -= 1) {
    try {
      return await first.waitFor({ timeout: 8000 });
    } catch {
      await page.reload();
      await page.waitForSelector(".monaco-workbench", WAIT);
    }
  }
}

function editorWindow(page) {
  const status = page.locator('.statusbar-item[id$="holdfast.status"]');
  const input = page.locator(".quick-input-widget .quick-input-box input.input").first();
  const row = page.locator(".quick-input-list .monaco-list-row");
  const toast = page.locator(".notification-list-item");
  const title = page.locator(".quick-input-widget .quick-input-title", { hasText: /\S/ }).first();
  /** The box that had this text is gone or is another one. */
  const left = (text) =>
    page.waitForFunction(
      (before) => {
        const box = document.querySelector(".quick-input-widget");
        return box?.style.display === "none" || box?.querySelector("input").value !== before;
      },
      text,
      WAIT,
    );
  /**
   * Waits for a notification; whether all of them had to be shown for it. One hides itself after
   * a while and may be held back by those before it.
   */
  const notified = async (item) => {
    const hidden = await item.waitFor(GLANCE).then(
      () => false,
      () => true,
    );
    if (hidden) await self.command("Notifications: Show Notifications");
    await item.waitFor(WAIT);
    return hidden;
  };
  const message = async (item) =>
    (await item.locator(".notification-list-item-message").innerText()).trim();
  /** The command that was run last, until a row of its list is chosen. */
  let opener;
  /** A row of a list, once it is there. What takes the focus closes a list, which is then opened anew. */
  const listed = async (text) => {
    const item = row.filter({ hasText: text }).first();
    for (let tries = 3; opener !== undefined && tries > 0; tries -= 1) {
      try {
        await item.waitFor(GLANCE);
        return item;
      } catch {
        if (!(await input.isVisible())) await self.command(opener);
      }
    }
    await item.waitFor(WAIT);
    return item;
  };
  const self = {
    page,
    toast,
    /** The text of the status bar item, once it contains `text`. */
    status: async (text, wait = WAIT) => {
      await status.filter({ hasText: text }).waitFor(wait);
      return (await status.innerText()).trim();
    },
    warns: async () => (await status.getAttribute("class")).includes("warning-kind"),
    clickStatus: () => status.locator("a").first().click(),
    /** Runs a command of the palette by its full title. */
    command: async (name) => {
      // Enter runs the row that has the focus, which is another one while the list is filtered.
      const chosen = page.locator(".quick-input-list .monaco-list-row.focused", { hasText: name });
      // An editor that opens just now takes the focus and closes the palette.
      for (let tries = 5; ; tries -= 1) {
        try {
          await page.keyboard.press("F1");
          await input.fill(`>${name}`, { timeout: 3000 });
          await chosen.waitFor({ timeout: 3000 });
          break;
        } catch (error) {
          if (tries === 0) throw error;
        }
      }
      await page.keyboard.press("Enter");
      await left(`>${name}`);
      opener = name;
    },
    /** Types into the box that asks. */
    answer: async (text) => {
      await self.type(text);
      await page.keyboard.press("Enter");
      await left(text);
    },
    /** Types into the box of a list that follows. */
    type: async (text) => {
      await title.waitFor(WAIT);
      await input.fill(text);
      opener = undefined;
    },
    /** Clicks the row of a list that contains `text`. */
    choose: async (text) => {
      await (await listed(text)).click(WAIT);
      opener = undefined;
      // What was below the list is not hovered over.
      await page.mouse.move(0, 0);
    },
    rows: () => row.allInnerTexts(),
    row: (text) => listed(text),
    /** Clicks a button of the notification that contains `text`; the notification's text. */
    press: async (text, button) => {
      const click = page.locator(".monaco-button", { hasText: button });
      const item = toast.filter({ hasText: text }).filter({ has: click }).first();
      await notified(item);
      const said = await message(item);
      await item.locator(".monaco-button", { hasText: button }).first().click(WAIT);
      return said;
    },
    /** Closes the notification that contains `text`; the notification's text. */
    dismiss: async (text) => {
      const item = toast.filter({ hasText: text }).filter({ hasText: "Deny" }).first();
      await notified(item);
      const said = await message(item);
      await item.hover();
      await item.locator(".codicon-notifications-clear").click(WAIT);
      return said;
    },
    /** Clicks a button of the dialog that asks; what it says. */
    confirm: async (button) => {
      const dialog = page.locator(".monaco-dialog-box");
      await dialog.waitFor(WAIT);
      const said = await dialog.innerText();
      await dialog.locator(".monaco-button", { hasText: button }).first().click(WAIT);
      return said;
    },
    told: async (text) => {
      const hidden = await notified(toast.filter({ hasText: text }).first());
      if (hidden) await self.command("Notifications: Hide Notifications");
    },
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
      const picture = path.join(process.env.SHOTS, `${name}.png`);
      await page.screenshot({ path: picture, animations: "disabled" });
    },
  };
  return self;
}
