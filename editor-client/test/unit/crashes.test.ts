import assert from "node:assert/strict";
import { test } from "node:test";
import { crashes, LOOP_MILLISECONDS, oneAtATime } from "../../src/crashes.js";

test("a server that dies is started once more, and a loop ends", () => {
  let now = 0;
  const deaths = crashes(() => now);
  assert.equal(deaths.crashed(), "restart");
  now += LOOP_MILLISECONDS - 1;
  assert.equal(deaths.crashed(), "give up");
});

test("a crash long after another one is a first one", () => {
  let now = 0;
  const deaths = crashes(() => now);
  deaths.crashed();
  now += LOOP_MILLISECONDS;
  assert.equal(deaths.crashed(), "restart");
});

test("a restart by hand forgives", () => {
  const deaths = crashes(() => 0);
  deaths.crashed();
  deaths.forget();
  assert.equal(deaths.crashed(), "restart");
});

test("many restarts while one goes on are one more", async () => {
  let done = 0;
  const finish: (() => void)[] = [];
  const restart = oneAtATime(async () => {
    await new Promise<void>((resolve) => finish.push(resolve));
    done += 1;
  });
  const first = restart();
  const others = [restart(), restart(), restart()];
  finish.shift()?.();
  await first;
  while (finish.length === 0) {
    await Promise.resolve();
  }
  finish.shift()?.();
  await Promise.all(others);
  assert.equal(done, 2);
  assert.equal(finish.length, 0);
});

test("a restart that fails does not stop the next", async () => {
  let calls = 0;
  const restart = oneAtATime(() => {
    calls += 1;
    return calls === 1 ? Promise.reject(new Error("no server")) : Promise.resolve();
  });
  const first = restart();
  const second = restart();
  await assert.rejects(first);
  await second;
  assert.equal(calls, 2);
});
