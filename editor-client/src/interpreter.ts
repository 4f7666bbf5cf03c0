/** The Python interpreter that a person selected, from whichever extension knows it. */
import * as vscode from "vscode";
import * as v from "valibot";
import { parsed } from "./parsed.js";

const EnvironmentsApi = v.object({
  getEnvironment: v.function(),
  onDidChangeEnvironment: v.optional(v.function()),
});
const Environment = v.object({
  execInfo: v.object({ run: v.object({ executable: v.string() }) }),
});

const PythonApi = v.object({
  environments: v.object({
    getActiveEnvironmentPath: v.function(),
    onDidChangeActiveEnvironmentPath: v.optional(v.function()),
  }),
});
const EnvironmentPath = v.object({ path: v.string() });

/** Its path; undefined when no extension for Python is there or nothing is selected. */
export async function selectedInterpreter(
  folder: vscode.Uri | undefined,
): Promise<string | undefined> {
  const environments = parsed(EnvironmentsApi, await exported("ms-python.vscode-python-envs"));
  if (environments !== undefined) {
    const found: unknown = await environments.getEnvironment(folder);
    return parsed(Environment, found)?.execInfo.run.executable;
  }
  const python = parsed(PythonApi, await exported("ms-python.python"));
  const found: unknown = python?.environments.getActiveEnvironmentPath(folder);
  return parsed(EnvironmentPath, found)?.path;
}

/** Calls back when the person selects another one. */
export async function onInterpreter(changed: () => void): Promise<vscode.Disposable> {
  const environments = parsed(EnvironmentsApi, await exported("ms-python.vscode-python-envs"));
  const python = parsed(PythonApi, await exported("ms-python.python"));
  const subscriptions: unknown[] = [
    environments?.onDidChangeEnvironment?.(changed),
    python?.environments.onDidChangeActiveEnvironmentPath?.(changed),
  ];
  return vscode.Disposable.from(
    ...subscriptions.filter((each): each is vscode.Disposable => each !== undefined),
  );
}

async function exported(id: string): Promise<unknown> {
  const extension = vscode.extensions.getExtension<unknown>(id);
  try {
    return await extension?.activate();
  } catch {
    return undefined;
  }
}
