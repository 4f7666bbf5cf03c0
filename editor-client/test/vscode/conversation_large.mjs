/**
 * A conversation of many Events and a very long answer is followed, and opened again: times of frames.
 * The assertions are in tests/end_to_end/test_vscode_conversation.py.
 */
import { conversationOf } from "./conversation_page.mjs";
import { play } from "./window.mjs";

const LONG = { timeout: 120_000 };

/** Notes how long each frame takes from here on, until it is asked. */
async function frames(talk) {
  const frame = await (await talk.page.locator("body").elementHandle()).ownerFrame();
  await frame.evaluate(() => {
    globalThis.frameTimes = [];
    let last = performance.now();
    const next = (now) => {
      globalThis.frameTimes.push(now - last);
      last = now;
      requestAnimationFrame(next);
    };
    requestAnimationFrame(next);
  });
  return async () => {
    const times = (await frame.evaluate(() => globalThis.frameTimes)).sort((a, b) => a - b);
    const at = (share) => Math.round(times[Math.floor(times.length * share)] * 10) / 10;
    return { count: times.length, p50: at(0.5), p95: at(0.95), p99: at(0.99), max: at(0.9999) };
  };
}

await play(async (open, seen) => {
  const code = await open();
  await code.status(/Holdfast\s*$/);
  await code.command("Holdfast: Open the Conversation");
  let talk = await conversationOf(code.page);
  const following = await frames(talk);
  await talk.write.fill("Look at everything.");
  await talk.write.press("Enter");
  await talk.page.locator("#state", { hasText: "finished" }).waitFor(LONG);
  await talk.page.locator(".markdown", { hasText: "The very end." }).waitFor(LONG);
  seen.following = await following();
  seen.blocks = await talk.page.locator(".block").count();
  seen.chars = await talk.page
    .locator(".block.text")
    .last()
    .evaluate((each) => each.textContent.length);
  seen.gap = await talk.page
    .locator(".area")
    .evaluate((area) => area.scrollHeight - area.scrollTop - area.clientHeight);

  // A key is typed, and the page scrolled from end to end.
  const using = await frames(talk);
  await talk.write.pressSequentially("Is it still quick to type in?");
  await talk.page.locator(".area").evaluate(async (area) => {
    for (let at = area.scrollHeight; at > 0; at -= area.scrollHeight / 100) {
      area.scrollTop = at;
      await new Promise(requestAnimationFrame);
    }
  });
  seen.using = await using();

  // Opened again, all of it is drawn anew.
  await code.page.locator(".activitybar .action-item a[aria-label^='Explorer']").click();
  await code.gone("iframe.webview.ready");
  const start = Date.now();
  await code.command("Holdfast: Open the Conversation");
  talk = await conversationOf(code.page);
  const reopening = await frames(talk);
  await talk.page.locator(".markdown", { hasText: "The very end." }).waitFor(LONG);
  seen.reopenedMilliseconds = Date.now() - start;
  seen.reopening = await reopening();
});
