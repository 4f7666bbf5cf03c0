/**
 * The conversation with the agent: a page in the side bar or in an editor, that shows one run as
 * its Events come. What it shows is kept here, so that a page that was hidden is drawn anew.
 */
import * as vscode from "vscode";
import { contributed } from "./contributed.js";
import { changesOf, family, heard, reconciled, type Conversations } from "./conversation_log.js";
import { pageHtml } from "./conversation_html.js";
import { pageRequests, permissionMode } from "./conversation_requests.js";
import type { Page } from "./conversation_page.js";
import { FromPage } from "./conversation_shape.js";
import { pastOf } from "./conversation_past.js";
import { words } from "./conversation_words.js";
import type { Diffs } from "./diffs.js";
import { parsed } from "./parsed.js";
import { SECTION, type EventNotice } from "./protocol.js";
import { isActive, own } from "./run_log.js";
import type { Runs } from "./runs.js";
import type { Place, SeenQuestions } from "./seen_questions.js";
import type { Server } from "./server.js";

export interface Conversation {
  readonly dispose: () => void;
  /** Shows a run where a conversation is open, else in the side bar; without one, as it is. */
  readonly show: (runId?: string) => Promise<void>;
  /** Begins a new one, where the person writes at once. */
  readonly fresh: () => Promise<void>;
  /** Opens one in an editor. */
  readonly inEditor: () => void;
  /** Whether a run is seen in a page, now. */
  readonly shows: (runId: string) => boolean;
  /** Puts a text where the person writes. */
  readonly write: (text: string) => Promise<void>;
}

export const VIEW = "holdfast.conversation";
/** Pages are drawn at most that often; pieces of an answer come faster. */
const DRAW_MILLISECONDS = 50;

export function conversation(
  context: vscode.ExtensionContext,
  server: Server,
  runs: Runs,
  diffs: Diffs,
  seen: SeenQuestions,
): Conversation {
  const canReview = contributed(context.extension).some(
    ({ command }) => command === "holdfast.ui.review",
  );
  const pages = new Set<Page>();
  const toWrite: string[] = [];
  /** What the next page shows that is made, and whether it gets the focus; a view is made once it is first seen. */
  let toShow: { readonly runId: string; readonly isFocused: boolean } | undefined;
  /** The run that a page is about to show. */
  let coming: Place | undefined;
  /** What comes while a past is read. */
  const readers = new Set<EventNotice[]>();
  let all: Conversations = new Map();
  let drawing: NodeJS.Timeout | undefined;

  const draw = (): void => {
    drawing = undefined;
    [...pages].filter((page) => page.isVisible()).forEach(drawPage);
  };
  const drawSoon = (): void => {
    drawing ??= setTimeout(draw, DRAW_MILLISECONDS);
  };
  const drawPage = (page: Page): void => {
    const now = family(all, page.runId);
    const changes = changesOf(page.drawn, now);
    page.drawn = new Map(now.map((each) => [each.heading.runId, each]));
    if (changes.length > 0) {
      page.post({ type: "changed", changes });
    }
  };
  const show = async (page: Page, runId: string): Promise<void> => {
    page.runId = runId;
    page.drawn = new Map();
    seen.turned(page);
    if (coming?.runId === runId) {
      seen.remove(coming);
    }
    const isWhole = runId === "" || all.get(runId)?.isWhole === true;
    page.post({ type: "shows", runId, loading: !isWhole });
    if (!isWhole) {
      await readPast(runId);
    }
    // Another one may have been chosen meanwhile.
    if (page.runId === runId) {
      drawPage(page);
    }
  };
  /** Reads what happened before this window saw the run. */
  const readPast = async (runId: string): Promise<void> => {
    const meanwhile: EventNotice[] = [];
    readers.add(meanwhile);
    const past = await pastOf(server, runId);
    readers.delete(meanwhile);
    all = reconciled(meanwhile.reduce(heard, new Map([...all, ...past])), runs.log());
  };
  /** The run to show to a page that knows none: the newest at work. */
  const newest = (): string => own(runs.log()).find(isActive)?.runId ?? "";

  const requests = pageRequests({
    ...{ context, server, runs, diffs, show },
    modeOf: (runId) => all.get(runId)?.heading.mode,
  });

  const attach = (
    webview: vscode.Webview,
    place: "in-view" | "in-editor",
    isVisible: () => boolean,
    onVisible: vscode.Event<unknown>,
  ): vscode.Disposable => {
    const page: Page = {
      post: (message) => void webview.postMessage(message),
      isVisible,
      runId: "",
      isChosen: false,
      drawn: new Map(),
    };
    const hear = async (message: FromPage): Promise<void> => {
      if (message.type !== "ready") {
        await requests(page, message);
        return;
      }
      page.post({ type: "words", words: words() });
      page.post({ type: "permissions", mode: permissionMode() });
      page.post({ type: "server", isRunning: server.state === "running", canReview });
      await requests(page, message);
      const known = all.has(message.runId) || runs.log().has(message.runId);
      const wanted = toShow;
      toShow = undefined;
      page.isChosen = wanted?.isFocused === true && wanted.runId !== "";
      await show(page, wanted?.runId ?? (known ? message.runId : newest()));
      if (wanted?.isFocused === true) {
        page.post({ type: "focus" });
      }
      toWrite.splice(0).forEach((text) => {
        page.post({ type: "write", text });
      });
    };
    const listening = webview.onDidReceiveMessage((value: unknown) => {
      const message = parsed(FromPage, value);
      if (message?.type === "asks") {
        seen.acknowledge(page, message.questionIds);
      } else if (message !== undefined) {
        void hear(message);
      }
    });
    const turned = onVisible(() => {
      seen.turned(page);
    });
    seen.turned(page);
    const roots = ["dist", "media"].map((name) => vscode.Uri.joinPath(context.extensionUri, name));
    webview.options = { enableScripts: true, enableCommandUris: false, localResourceRoots: roots };
    webview.html = pageHtml(webview, context.extensionUri, place);
    pages.add(page);
    const gone = new vscode.Disposable(() => {
      pages.delete(page);
      seen.remove(page);
    });
    return vscode.Disposable.from(listening, turned, gone);
  };
  const attachPanel = (panel: vscode.WebviewPanel): void => {
    panel.iconPath = vscode.Uri.joinPath(context.extensionUri, "media", "icon.png");
    const attached = attach(panel.webview, "in-editor", () => panel.visible, turns(panel));
    panel.onDidDispose(() => {
      attached.dispose();
    });
  };

  const parts = vscode.Disposable.from(
    vscode.window.registerWebviewViewProvider(VIEW, {
      resolveWebviewView: (view) => {
        const attached = attach(
          view.webview,
          "in-view",
          () => view.visible,
          view.onDidChangeVisibility,
        );
        view.onDidDispose(() => {
          attached.dispose();
        });
      },
    }),
    vscode.window.registerWebviewPanelSerializer(VIEW, {
      deserializeWebviewPanel: (panel) => {
        attachPanel(panel);
        return Promise.resolve();
      },
    }),
    server.onEvent((notice) => {
      all = heard(all, notice);
      readers.forEach((meanwhile) => meanwhile.push(notice));
      drawSoon();
      if (notice.event.kind === "run_started" && notice.parentId === undefined) {
        [...pages]
          .filter((page) => follows(page, runs))
          .forEach((page) => void show(page, notice.runId));
      }
    }),
    runs.onChange(() => {
      all = reconciled(all, runs.log());
      drawSoon();
    }),
    server.onBegun((runId) => void reveal(runId)),
    server.onState((state) => {
      pages.forEach((page) => {
        page.post({ type: "server", isRunning: state === "running", canReview });
      });
    }),
    vscode.workspace.onDidChangeConfiguration((change) => {
      if (change.affectsConfiguration(`${SECTION}.permissions.mode`)) {
        pages.forEach((page) => {
          page.post({ type: "permissions", mode: permissionMode() });
        });
      }
    }),
    new vscode.Disposable(() => {
      clearTimeout(drawing);
    }),
  );
  const focus = async (preserveFocus = false): Promise<void> => {
    await vscode.commands.executeCommand(`${VIEW}.focus`, { preserveFocus });
  };
  const visible = (): Page | undefined => [...pages].find((page) => page.isVisible());
  /** Lets a page show a run, if one is meant, and takes the person there. */
  const turn = async (page: Page | undefined, runId: string | undefined): Promise<void> => {
    if (page !== undefined && runId !== undefined) {
      page.isChosen = runId !== "";
      await show(page, runId);
    }
    page?.post({ type: "focus" });
  };
  /** Shows a run that the person had begin, and leaves the focus where they write. */
  const reveal = async (runId: string): Promise<void> => {
    const page = visible();
    if (page === undefined) {
      coming = seen.awaited(runId);
      toShow = { runId, isFocused: false };
      await focus(true);
    } else if (page.runId !== runId) {
      page.isChosen = false;
      await show(page, runId);
    }
  };
  return {
    dispose: () => {
      parts.dispose();
    },
    show: async (runId) => {
      const seen = visible();
      if (seen === undefined || runId === undefined) {
        toShow = seen === undefined && runId !== undefined ? { runId, isFocused: true } : undefined;
        await focus();
      }
      await turn(seen ?? visible(), runId);
    },
    fresh: async () => {
      toShow = visible() === undefined ? { runId: "", isFocused: true } : undefined;
      await focus();
      await turn(visible(), "");
    },
    inEditor: () => {
      const title = vscode.l10n.t("Conversation");
      const column = vscode.ViewColumn.Beside;
      attachPanel(
        vscode.window.createWebviewPanel(VIEW, title, column, { enableFindWidget: true }),
      );
    },
    shows: (runId) => [...pages].some((page) => page.isVisible() && page.runId === runId),
    write: async (text) => {
      const page = visible();
      if (page === undefined) {
        toWrite.push(text);
        await focus();
      } else {
        page.post({ type: "write", text });
      }
    },
  };
}

/** When a panel is shown or hidden; that it gets or loses the focus says nothing. */
function turns(panel: vscode.WebviewPanel): vscode.Event<unknown> {
  return (listener) => {
    let before = panel.visible;
    return panel.onDidChangeViewState(() => {
      if (panel.visible !== before) {
        before = panel.visible;
        listener(undefined);
      }
    });
  };
}

/** Whether a page goes on to a run that begins. */
function follows({ runId, isChosen }: Page, runs: Runs): boolean {
  const run = runs.log().get(runId);
  return runId === "" || (!isChosen && (run === undefined || !isActive(run)));
}
