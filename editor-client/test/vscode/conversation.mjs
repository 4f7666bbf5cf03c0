/**
 * A task is typed into the conversation, read while the model streams, steered, answered.
 * The assertions are in tests/end_to_end/test_vscode_conversation.py.
 */
import { readFileSync } from "node:fs";
import path from "node:path";
import { conversationOf } from "./conversation_page.mjs";
import { play, until, WAIT } from "./window.mjs";

const answer = () => readFileSync(path.join(process.env.PROJECT, "answer.py"), "utf8");

await play(async (open, seen) => {
  const code = await open();
  await code.page.setViewportSize({ width: 1280, height: 1200 });
  await code.status(/Holdfast\s*$/);
  await code.command("Holdfast: Open the Conversation");
  const talk = await conversationOf(code.page);
  await talk.write.fill("Make the answer right.\nAnd say why.");
  await code.shot("conversation-new");
  await talk.write.press("Enter");

  await talk.text("What I see");
  seen.streamed = (await talk.page.locator(".tool").count()) === 0;
  await code.shot("conversation-streams");
  await talk.text("I say so");
  await talk.write.fill("Keep the docstring.");
  await talk.write.press("Enter");
  const pending = talk.page.locator(".person[data-state=pending]");
  await pending.first().waitFor(WAIT);
  seen.pending = await pending.first().innerText();
  await code.shot("conversation-steered");

  const question = talk.page.locator(".question[data-state=open]");
  await question.waitFor(WAIT);
  seen.read = await talk.page.locator(".person[data-state=read]").innerText();
  seen.beside = await code.toast.filter({ hasText: "Deny" }).count();
  seen.title = await talk.page.locator("h1").innerText();
  seen.scripts = await talk.page.locator("script").count();
  seen.pictures = await talk.page.locator("img").count();
  seen.plan = await talk.page.locator(".plan li").allTextContents();
  await code.shot("conversation-question");
  seen.faults = await talk.faults();
  await question.locator("summary", { hasText: "Deny because" }).click(WAIT);
  await question.locator("textarea").fill("Not before the tests ran.");
  seen.before = answer();
  await question.locator("textarea").press("Enter");
  await talk.page.locator(".question[data-state=over]").first().waitFor(WAIT);
  await question.locator("button", { hasText: "Once" }).click(WAIT);
  // VS Code empties a file before it writes it.
  await until("the edit", () => ![seen.before, ""].includes(answer()));
  seen.after = answer();

  const asks = talk.page.locator(".end .reply");
  await talk.page.locator(".end").first().waitFor(WAIT);
  await code.shot("conversation-end");
  seen.beside += await code.toast.filter({ hasText: "asks" }).count();
  if ((await asks.count()) > 0) {
    await asks.locator("textarea").fill("The first one.");
    await asks.locator("textarea").press("Enter");
  } else {
    await talk.write.fill("The first one.");
    await talk.write.press("Enter");
  }
  await talk.text("The answer is 42 now.");
  seen.faults = [...seen.faults, ...(await talk.faults())];
  await code.shot("conversation-over");
});
