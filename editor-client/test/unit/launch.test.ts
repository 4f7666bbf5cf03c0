import assert from "node:assert/strict";
import { test } from "node:test";
import { findServer, ServerPathWrong } from "../../src/launch.js";

const PLACES = {
  path: "",
  interpreter: "/venv/bin/python",
  installed: "/managed/bin/holdfast",
  background: false,
};

/** A machine on which exactly these programs are a server. */
function machine(...programs: string[]) {
  const asked: string[] = [];
  return {
    asked,
    probe: (command: string, args: readonly string[]) => {
      asked.push([command, ...args].join(" "));
      return Promise.resolve(programs.includes(command) ? "holdfast 0.1.0\n" : undefined);
    },
  };
}

const ROWS = [
  { has: ["/venv/bin/python", "holdfast"], source: "environment", command: "/venv/bin/python" },
  { has: ["holdfast", "/managed/bin/holdfast"], source: "path", command: "holdfast" },
  { has: ["/managed/bin/holdfast"], source: "installed", command: "/managed/bin/holdfast" },
];

for (const { has, source, command } of ROWS) {
  test(`the server of the ${source} is taken when it is the first that answers`, async () => {
    const launch = await findServer(PLACES, machine(...has).probe);
    assert.equal(launch?.source, source);
    assert.equal(launch.command, command);
    assert.equal(launch.version, "0.1.0");
    assert.deepEqual(launch.args.slice(-2), ["serve", "--stdio"]);
  });
}

test("a server that outlives the window is started in the background", async () => {
  const launch = await findServer({ ...PLACES, background: true }, machine("holdfast").probe);
  assert.deepEqual(launch?.args, ["serve", "--background"]);
});

test("nothing else is looked at when a path is set", async () => {
  const { asked, probe } = machine("/mine", "holdfast");
  assert.equal((await findServer({ ...PLACES, path: "/mine" }, probe))?.source, "setting");
  assert.deepEqual(asked, ["/mine --version"]);
});

test("a path that is no server is an error and not passed over", async () => {
  const { probe } = machine("holdfast");
  await assert.rejects(findServer({ ...PLACES, path: "/wrong" }, probe), ServerPathWrong);
});

test("another program of the name is no server", async () => {
  const probe = () => Promise.resolve("ship 2.0\n");
  assert.equal(await findServer(PLACES, probe), undefined);
});

test("without a selected interpreter the path is next", async () => {
  const { asked, probe } = machine("holdfast");
  await findServer({ ...PLACES, interpreter: undefined }, probe);
  assert.deepEqual(asked, ["holdfast --version"]);
});
