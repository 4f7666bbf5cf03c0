/**
 * A person chooses the model that works, by its address and key.
 * The assertions are in tests/end_to_end/test_model_commands.py.
 */
import { play, WAIT } from "./window.mjs";

await play(async (open) => {
  const code = await open();
  await code.status(/Holdfast\s*$/);
  await code.command("Holdfast: Choose a Model…");
  const other = code.page.locator(".monaco-list-row", { hasText: "Another address" });
  await other.waitFor(WAIT);
  await code.shot("model-found");
  await code.choose("Another address");
  await code.answer(process.env.ADDRESS);
  await code.answer(process.env.KEY);
  await code.choose("second");
  await code.told("runs use second now");
  await code.shot("model-chosen");
  await code.command("Holdfast: Open Settings");
  await code.page.getByText("Address of the endpoint.").first().waitFor(WAIT);
  await code.shot("settings");
});
