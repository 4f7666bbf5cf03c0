/**
 * A run calls a tool of an MCP server, and the person approves it from the palette.
 * The assertions are in tests/end_to_end/test_server_tools.py.
 */
import { conversationOf } from "./conversation_page.mjs";
import { play, WAIT } from "./window.mjs";

await play(async (open, seen) => {
  const code = await open();
  await code.page.locator(".activitybar .action-item a[aria-label^='Holdfast']").click(WAIT);
  await code.status(/Holdfast\s*$/);
  await code.command("Holdfast: Work on a Task");
  await code.answer("Say it again.");
  const talk = await conversationOf(code.page);
  const card = talk.page.locator(".question[data-state=open]");
  await card.waitFor(WAIT);
  seen.asked = await card.innerText();
  await code.command("Holdfast: Answer a Question");
  await code.row("Approve once");
  await code.shot("server-tool");
  await code.choose("Approve once");
  await code.told("It said so");
});
