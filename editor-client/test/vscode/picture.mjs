/**
 * The frames of the README's picture: a task in VS Code, from its words to its end.
 * scripts/moving_picture.py plays it and puts the frames together.
 */
import { conversationOf } from "./conversation_page.mjs";
import { play, WAIT } from "./window.mjs";

const FRAME_MILLISECONDS = 400;

await play(async (open) => {
  const code = await open();
  await code.page.setViewportSize({ width: 1120, height: 700 });
  await code.status(/Holdfast\s*$/);
  await code.open("answer.py");
  await code.command("View: Toggle Primary Side Bar Visibility");
  await code.command("Holdfast: Open the Conversation in an Editor");
  const talk = await conversationOf(code.page);
  let taken = 0;
  const frame = () => code.shot(`frame-${String(++taken).padStart(3, "0")}`);
  /** Takes frames until something is seen. */
  const until = async (seen) => {
    for (let shown = false; !shown;) {
      await frame();
      shown = await seen.waitFor({ timeout: FRAME_MILLISECONDS }).then(
        () => true,
        () => false,
      );
    }
    await frame();
  };
  for (const words of [
    "Make the answer",
    "Make the answer right,",
    "Make the answer right, and say why.",
  ]) {
    await talk.write.fill(words);
    await frame();
  }
  await talk.write.press("Enter");
  const question = talk.page.locator(".question[data-state=open]");
  await until(question);
  await frame();
  await question.locator("button", { hasText: "For this run" }).click(WAIT);
  await until(talk.page.locator(".end").first());
  await frame();
});
