/**
 * Which server to start, decided without the editor.
 *
 * From the most explicit place to the least: the setting, the Python environment that
 * is selected, the search path, what was installed on a person's yes. The first that
 * answers with a version is taken; a path that was set by hand is never passed over.
 */

export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  readonly version: string;
  readonly source: Source;
}

export type Source = "setting" | "environment" | "path" | "installed";

/** What a command prints; undefined when it cannot be run or fails. */
export type Probe = (command: string, args: readonly string[]) => Promise<string | undefined>;

export interface Places {
  /** The setting `holdfast.server.path`, empty when it is not set. */
  readonly path: string;
  /** The interpreter that the person selected for this workspace. */
  readonly interpreter: string | undefined;
  /** Where a server that was installed on request lies. */
  readonly installed: string;
  /** The setting `holdfast.server.background`: the server outlives the window. */
  readonly background: boolean;
}

export class ServerPathWrong extends Error {}

/** The server to start, undefined when there is none. Throws ServerPathWrong. */
export async function findServer(places: Places, probe: Probe): Promise<Launch | undefined> {
  const found = await firstAnswering(places, probe);
  const serve = ["serve", places.background ? "--background" : "--stdio"];
  return found && { ...found, args: [...found.args, ...serve] };
}

/** What answers first, with the arguments that come before its command. */
async function firstAnswering(places: Places, probe: Probe): Promise<Launch | undefined> {
  if (places.path !== "") {
    const found = await answering("setting", places.path, [], probe);
    if (found === undefined) {
      throw new ServerPathWrong(places.path);
    }
    return found;
  }
  return (
    (places.interpreter === undefined
      ? undefined
      : await answering("environment", places.interpreter, ["-m", "lsp_server"], probe)) ??
    (await answering("path", "holdfast", [], probe)) ??
    (await answering("installed", places.installed, [], probe))
  );
}

async function answering(
  source: Source,
  command: string,
  before: readonly string[],
  probe: Probe,
): Promise<Launch | undefined> {
  const printed = await probe(command, [...before, "--version"]);
  const version = /^holdfast (\S+)/m.exec(printed ?? "")?.[1];
  return version === undefined ? undefined : { command, args: before, version, source };
}
