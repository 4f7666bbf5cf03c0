/** The page of conversations within a window of VS Code. */
import { readFileSync } from "node:fs";
import { WAIT } from "./window.mjs";

/** The page once it is drawn; `at` counts where several are open. */
export async function conversationOf(window, at = 0) {
  const page = window.frameLocator("iframe.webview.ready").nth(at).frameLocator("#active-frame");
  const write = page.locator("#write");
  await write.waitFor(WAIT);
  return {
    page,
    write,
    text: (text) => page.locator(".area", { hasText: text }).waitFor(WAIT),
    option: (text) => page.locator("[role=option]", { hasText: text }).first(),
    /** Waits until the run that is shown is in that state. */
    state: (name) => page.locator("#state", { hasText: name }).waitFor(WAIT),
    /** What each block is, in their order. */
    labels: () =>
      page
        .locator(".block")
        .evaluateAll((all) => all.map((each) => each.getAttribute("aria-label"))),
    /** What axe-core calls serious or critical. */
    faults: async () => {
      const frame = await (await page.locator("body").elementHandle()).ownerFrame();
      await frame.evaluate(readFileSync(process.env.AXE, "utf8"));
      const { violations } = await frame.evaluate(() => globalThis.axe.run());
      return violations
        .filter(({ impact }) => impact === "serious" || impact === "critical")
        .map(
          ({ id, nodes }) =>
            `${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`).join(" | ")}`,
        );
    },
  };
}

/** Answers a question on its card in the page of a window, where no notification asks it; the card's text. */
export async function permit(code, text) {
  const talk = await conversationOf(code.page);
  const card = talk.page.locator(".question[data-state=open]", { hasText: text }).first();
  await card.waitFor(WAIT);
  const said = await card.innerText();
  if ((await code.toast.filter({ hasText: "Deny" }).count()) > 0) {
    throw new Error(`asked twice: ${said}`);
  }
  await card.locator(".answers button", { hasText: "Once" }).first().click(WAIT);
  return said;
}
