import { runAll } from "./jobs.mjs";

/** As `runAll`, for jobs that take a callback. */
export function runAllCallbacks(jobs, limit, done) {
  const promised = jobs.map(
    (job) => () =>
      new Promise((resolve, reject) => job((error, value) => (error ? reject(error) : resolve(value)))),
  );
  runAll(promised, limit).then(
    (values) => queueMicrotask(() => done(null, values)),
    (error) => queueMicrotask(() => done(error)),
  );
}
