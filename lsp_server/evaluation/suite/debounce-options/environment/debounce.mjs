const realClock = {
  set: (callback, ms) => setTimeout(callback, ms),
  clear: (handle) => clearTimeout(handle),
};

/** Does the work of the last of several calls, `wait` milliseconds after it. */
export function debounce(work, wait, clock = realClock) {
  let handle = null;
  return function (value) {
    if (handle !== null) clock.clear(handle);
    handle = clock.set(() => {
      handle = null;
      work(value);
    }, wait);
  };
}
