/**
 * The first window of a person: the walkthrough opens by itself, once, and leads to a task.
 * The assertions are in tests/end_to_end/test_vscode.py.
 */
import { conversationOf } from "./conversation_page.mjs";
import { play, WAIT } from "./window.mjs";

await play(async (open, seen) => {
  const first = await open();
  const step = (text) => first.page.locator(".getting-started-step", { hasText: text });
  await step("Say what should be done").waitFor(WAIT);
  seen.steps = await first.page.locator(".getting-started-step .step-title").allInnerTexts();
  await step("Say what should be done").click(WAIT);
  await first.shot("walkthrough");
  await first.page.getByText("Open the Conversation").first().click(WAIT);
  // The walkthrough has a page of its own; the conversation is the newest.
  await conversationOf(first.page, -1);
  await first.command("View: Close All Editors");
  await step("Say what should be done").waitFor({ ...WAIT, state: "detached" });
  // What an extension keeps for a person lies in the browser, which is the same one afterwards.
  await first.page.reload();
  await first.status(/Holdfast\s*$/);
  await first.command("Holdfast: Examine");
  await first.text("Holdfast");
  seen.again = await first.page.locator(".getting-started-step").count();
});
