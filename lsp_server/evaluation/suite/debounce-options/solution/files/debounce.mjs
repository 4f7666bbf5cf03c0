const realClock = {
  set: (callback, ms) => setTimeout(callback, ms),
  clear: (handle) => clearTimeout(handle),
};

/**
 * Does the work of the last of several calls, `wait` milliseconds after it.
 *
 * With `leading` the first call of a burst is worked on at once; with `maxWait` no burst is
 * longer than that.
 */
export function debounce(work, wait, clock = realClock, { leading = false, maxWait } = {}) {
  let quiet = null;
  let longest = null;
  let waiting = null;

  const end = () => {
    if (quiet !== null) clock.clear(quiet);
    if (longest !== null) clock.clear(longest);
    quiet = longest = null;
  };
  const flush = () => {
    end();
    const call = waiting;
    waiting = null;
    if (call !== null) work.apply(call.self, call.values);
  };

  function debounced(...values) {
    const isFirst = quiet === null;
    if (isFirst && leading) work.apply(this, values);
    else waiting = { self: this, values };
    if (!isFirst) clock.clear(quiet);
    quiet = clock.set(flush, wait);
    if (isFirst && maxWait !== undefined) longest = clock.set(flush, maxWait);
  }
  debounced.flush = () => {
    if (waiting !== null) flush();
  };
  debounced.cancel = () => {
    end();
    waiting = null;
  };
  return debounced;
}
