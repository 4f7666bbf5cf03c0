/** Builds the server's wheel into dist/server, for the extension to carry: the very version that it is made for. */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

const client = path.dirname(import.meta.dirname);
const repository = path.dirname(client);
const folder = path.join(client, "dist", "server");
const run = (command, ...args) =>
  execFileSync(command, args, { stdio: ["ignore", "ignore", "inherit"] });

rmSync(folder, { recursive: true, force: true });
if (spawnSync("uv", ["--version"]).status === 0) {
  run(
    "uv",
    "build",
    "--quiet",
    "--wheel",
    "--no-create-gitignore",
    "--out-dir",
    folder,
    repository,
  );
} else {
  const scratch = mkdtempSync(path.join(tmpdir(), "holdfast-wheel-"));
  try {
    run("python3", "-m", "venv", scratch);
    const pip = path.join(scratch, "bin", "pip");
    run(pip, "wheel", "--quiet", "--no-deps", "--wheel-dir", folder, repository);
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

const { version } = JSON.parse(readFileSync(path.join(client, "package.json"), "utf8"));
const wheel = path.join(folder, `holdfast-${version}-py3-none-any.whl`);
if (!existsSync(wheel)) {
  throw new Error(`the server is not of the extension's version: there is no ${wheel}`);
}
