/** The values of all jobs, of which at most `limit` are at work at once. */
export function runAll(jobs, limit, { signal } = {}) {
  return new Promise((resolve, reject) => {
    if (!Number.isInteger(limit) || limit < 1)
      throw new RangeError("the limit is no whole number of at least 1");
    const values = new Array(jobs.length);
    let next = 0;
    let left = Math.min(limit, jobs.length);
    let failure = null;

    const work = async () => {
      while (next < jobs.length && !failure && !signal?.aborted) {
        const at = next++;
        try {
          values[at] = await jobs[at](signal);
        } catch (error) {
          failure ??= { error };
        }
      }
      left -= 1;
      if (left === 0) end();
    };
    const end = () => {
      if (failure) reject(failure.error);
      else if (signal?.aborted) reject(signal.reason);
      else resolve(values);
    };
    if (left === 0 || signal?.aborted) return end();
    for (let n = left; n > 0; n--) work();
  });
}
