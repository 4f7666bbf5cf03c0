export function runAll(jobs, limit, done) {
  const values = [];
  let next = 0;
  let ended = 0;
  let failed = false;

  function start() {
    const at = next++;
    jobs[at]((error, value) => {
      if (failed) return;
      if (error) {
        failed = true;
        return done(error);
      }
      values[at] = value;
      ended++;
      if (ended === jobs.length) done(null, values);
      else if (next < jobs.length) start();
    });
  }

  if (jobs.length === 0) return done(null, values);
  for (let n = 0; n < Math.min(limit, jobs.length); n++) start();
}
