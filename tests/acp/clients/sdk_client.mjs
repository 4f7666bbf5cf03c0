// A client of the official TypeScript SDK, which starts the agent and works with it:
//   node sdk_client.mjs FOLDER COMMAND ARGUMENT...
// It prints what it saw as one JSON object.
import { spawn } from "node:child_process";
import { Readable, Writable } from "node:stream";
import * as acp from "@agentclientprotocol/sdk";

const [folder, command, ...args] = process.argv.slice(2);
const { agent: ask, client: told } = acp.methods;

async function withAgent(work) {
  const child = spawn(command, args, { stdio: ["pipe", "pipe", "inherit"] });
  const ended = new Promise((resolve) => child.on("exit", (code) => resolve(code)));
  const seen = { updates: [], questions: [], answer: "once" };
  const app = acp
    .client({ name: "test" })
    .onNotification(told.session.update, ({ params }) => {
      seen.updates.push(params.update);
      seen.changed?.();
    })
    .onRequest(told.session.requestPermission, ({ params }) => {
      seen.questions.push(params);
      return { outcome: { outcome: "selected", optionId: seen.answer } };
    });
  seen.until = async (fits) => {
    while (!seen.updates.some(fits)) await new Promise((resolve) => (seen.changed = resolve));
  };
  const stream = acp.ndJsonStream(Writable.toWeb(child.stdin), Readable.toWeb(child.stdout));
  const result = await app.connectWith(stream, async (agent) => {
    const about = await agent.request(ask.initialize, {
      protocolVersion: acp.PROTOCOL_VERSION,
      clientCapabilities: {},
    });
    return work(agent, seen, about);
  });
  child.stdin.end();
  return { ...result, exit: await ended };
}

const say = (agent, sessionId, text) =>
  agent.request(ask.session.prompt, { sessionId, prompt: [{ type: "text", text }] });
const texts = (seen, kind) =>
  seen.updates
    .filter((update) => update.sessionUpdate === kind)
    .map((update) => update.content.text)
    .join("");

const first = await withAgent(async (agent, seen, about) => {
  const session = await agent.request(ask.session.new, { cwd: folder, mcpServers: [] });
  const { sessionId } = session;
  const edit = await say(agent, sessionId, "edit");
  const waiting = say(agent, sessionId, "wait");
  const before = seen.updates.length;
  await seen.until((update) => update.sessionUpdate === "tool_call" && update.kind === "execute");
  const begun = Date.now();
  await agent.notify(ask.session.cancel, { sessionId });
  const cancelled = await waiting;
  return {
    about,
    sessionId,
    modes: session.modes.availableModes.map((mode) => mode.id),
    edit: edit.stopReason,
    cancelled: cancelled.stopReason,
    cancelMilliseconds: Date.now() - begun,
    questions: seen.questions.map((question) => question.options.map((one) => one.optionId)),
    diffs: seen.updates
      .flatMap((update) => (update.sessionUpdate === "tool_call_update" && update.content) || [])
      .filter((content) => content.type === "diff"),
    text: texts({ updates: seen.updates.slice(0, before) }, "agent_message_chunk"),
  };
});

const second = await withAgent(async (agent, seen) => {
  const { sessionId } = first;
  const listed = await agent.request(ask.session.list, { cwd: folder });
  await agent.request(ask.session.load, { sessionId, cwd: folder, mcpServers: [] });
  const replayed = texts(seen, "user_message_chunk");
  const again = await say(agent, sessionId, "go on");
  await agent.request(ask.session.close, { sessionId });
  return {
    listed: listed.sessions.map((session) => session.sessionId),
    replayed,
    again: again.stopReason,
    text: texts(seen, "agent_message_chunk"),
  };
});

process.stdout.write(`${JSON.stringify({ first, second })}\n`);
