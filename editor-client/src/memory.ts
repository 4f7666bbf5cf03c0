/** The search in memory: hits as one types, with the place shown behind the list. */
import * as vscode from "vscode";
import { inFolder } from "./folders.js";
import { CommandName, MemorySearchReply, type MemoryHit } from "./protocol.js";
import type { Server } from "./server.js";

const TYPING_MILLISECONDS = 200;
const HITS_MAX = 20;
const DETAIL_CHARS_MAX = 200;

interface Item extends vscode.QuickPickItem {
  readonly hit?: MemoryHit;
}

export function searchMemory(server: Server): void {
  const pick = vscode.window.createQuickPick<Item>();
  let typing: NodeJS.Timeout | undefined;
  const search = async (query: string): Promise<void> => {
    pick.busy = true;
    const argument = { query, kind: "all", limit: HITS_MAX };
    const reply = await server.ask(MemorySearchReply, CommandName.memorySearch, argument);
    if (pick.value === query) {
      pick.busy = false;
      pick.items = reply === undefined ? [] : items(reply.hits, reply.message);
    }
  };
  pick.title = vscode.l10n.t("Search Holdfast’s memory");
  pick.placeholder = vscode.l10n.t("Code, earlier work and facts, by meaning or by name");
  // The place that is shown behind the list must not close it.
  pick.ignoreFocusOut = true;
  pick.onDidChangeValue((query) => {
    clearTimeout(typing);
    if (query.trim() !== "") {
      typing = setTimeout(() => void search(query), TYPING_MILLISECONDS);
    } else {
      pick.items = [];
    }
  });
  pick.onDidChangeActive(([active]) => {
    if (active?.hit !== undefined) {
      void show(active.hit, true);
    }
  });
  pick.onDidAccept(() => {
    const [active] = pick.activeItems;
    pick.hide();
    if (active?.hit !== undefined) {
      void show(active.hit, false);
    }
  });
  pick.onDidHide(() => {
    clearTimeout(typing);
    pick.dispose();
  });
  pick.show();
}

const ICONS: Readonly<Record<string, string>> = {
  code: "$(code)",
  action: "$(history)",
  fact: "$(bookmark)",
};

/** The hits, or why there are none. */
function items(hits: readonly MemoryHit[], message: string): readonly Item[] {
  return hits.length > 0 ? hits.map(item) : [{ label: message, alwaysShow: true }];
}

function item(hit: MemoryHit): Item {
  const text = hit.text.split(/\s+/).join(" ").trim();
  return {
    hit,
    label: `${ICONS[hit.kind] ?? ""} ${hit.title}`,
    description: hit.uri == null ? "" : inFolder(hit.uri, hit.path ?? ""),
    detail: text.slice(0, DETAIL_CHARS_MAX),
    // The server has found it, whatever words it is in.
    alwaysShow: true,
  };
}

/** Opens where a hit is; what has no place is shown as a page of its own once it is chosen. */
async function show(hit: MemoryHit, preview: boolean): Promise<void> {
  if (hit.uri != null) {
    const line = hit.range?.start.line ?? 0;
    const selection = new vscode.Range(line, 0, line, 0);
    const options = { preview: true, preserveFocus: preview, selection };
    await vscode.window.showTextDocument(vscode.Uri.parse(hit.uri), options);
  } else if (!preview) {
    const page = { language: "markdown", content: `# ${hit.title}\n\n${hit.text}\n` };
    await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(page));
  }
}
