/**
 * How the server that travels with the extension is installed, decided without the editor.
 *
 * Into an environment of its own: with uv where there is one, as it finds or brings a
 * Python that fits, else with the machine's Python.
 */
import type { Probe } from "./launch.js";

export interface Command {
  readonly command: string;
  readonly args: readonly string[];
}

const PYTHONS = ["python3", "python3.14", "python3.13", "python3.12", "python3.11"];

const PLAIN = ["--disable-pip-version-check", "--progress-bar", "off"];

/** Fails on a Python that is too old, and on one that cannot make environments. */
const FITS = "import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))";

/** What to run, in this order; undefined when neither uv nor a Python that fits is there. */
export async function installation(
  folder: string,
  wheel: string,
  probe: Probe,
): Promise<readonly Command[] | undefined> {
  const python = `${folder}/bin/python`;
  if ((await probe("uv", ["--version"])) !== undefined) {
    return [
      { command: "uv", args: ["venv", "--python", ">=3.11", folder] },
      { command: "uv", args: ["pip", "install", "--python", python, wheel] },
    ];
  }
  for (const command of PYTHONS) {
    if ((await probe(command, ["-c", FITS])) !== undefined) {
      return [
        { command, args: ["-m", "venv", folder] },
        { command: python, args: ["-m", "pip", "install", ...PLAIN, wheel] },
      ];
    }
  }
  return undefined;
}

/** Where the program lies afterwards. */
export function installedPath(folder: string): string {
  return `${folder}/bin/holdfast`;
}

export interface Download {
  readonly name: string;
  readonly megabytes: number;
}

const DOWNLOAD = /^\s*Downloading (\S+) \(([\d.]+)\s?([kKMG])i?B\)/;
const MEGABYTES: Readonly<Record<string, number>> = { k: 0.001, K: 0.001, M: 1, G: 1000 };

/** What a line of uv or pip says is fetched now; undefined for any other line. */
export function download(line: string): Download | undefined {
  const [, file = "", size = "", unit = ""] = DOWNLOAD.exec(line) ?? [];
  // pip names the file, in which the version follows the name.
  const name =
    file
      .split("/")
      .at(-1)
      ?.replace(/-\d.*$/, "") ?? "";
  if (name === "" || file.endsWith(".metadata")) {
    return undefined;
  }
  return { name, megabytes: Number(size) * (MEGABYTES[unit] ?? 0) };
}
