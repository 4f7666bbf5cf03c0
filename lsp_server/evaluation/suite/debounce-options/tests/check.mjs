import assert from "node:assert/strict";
import { pathToFileURL } from "node:url";

const { debounce } = await import(pathToFileURL(`${process.argv[2]}/debounce.mjs`));

class Clock {
  now = 0;
  next = 1;
  timers = new Map();
  set = (callback, ms) => {
    this.timers.set(this.next, { at: this.now + ms, callback });
    return this.next++;
  };
  clear = (handle) => this.timers.delete(handle);
  pass(ms) {
    const end = this.now + ms;
    for (;;) {
      const due = [...this.timers].filter(([, t]) => t.at <= end).sort((a, b) => a[1].at - b[1].at || a[0] - b[0])[0];
      if (!due) break;
      this.timers.delete(due[0]);
      this.now = due[1].at;
      due[1].callback();
    }
    this.now = end;
  }
}

function bench(options, wait = 100) {
  const clock = new Clock();
  const done = [];
  const call = debounce((...values) => done.push([clock.now, ...values]), wait, clock, options);
  return { clock, done, call };
}

{
  const { clock, done, call } = bench();
  call("a", 1);
  clock.pass(50);
  call("b", 2);
  clock.pass(99);
  assert.deepEqual(done, []);
  clock.pass(1);
  assert.deepEqual(done, [[150, "b", 2]]);
}
{
  const { clock, done, call } = bench({ leading: true });
  call("a");
  assert.deepEqual(done, [[0, "a"]]);
  clock.pass(500);
  assert.equal(done.length, 1);
  call("b");
  call("c");
  clock.pass(500);
  assert.deepEqual(done.slice(1), [[500, "b"], [600, "c"]]);
}
{
  const { clock, done, call } = bench({ maxWait: 250 });
  for (let n = 0; n < 10; n++) {
    call(n);
    clock.pass(50);
  }
  clock.pass(1000);
  assert.deepEqual(done, [[250, 4], [500, 9]]);
}
{
  const { clock, done, call } = bench();
  call.flush();
  call.cancel();
  call("a");
  call.flush();
  call.flush();
  assert.deepEqual(done, [[0, "a"]]);
  call("b");
  call.cancel();
  clock.pass(1000);
  assert.equal(done.length, 1);
  call("c");
  clock.pass(100);
  assert.deepEqual(done.at(-1), [1100, "c"]);
}
{
  const clock = new Clock();
  let seen = null;
  const owner = { call: debounce(function () { seen = this; }, 10, clock) };
  owner.call();
  clock.pass(10);
  assert.equal(seen, owner);
}
