/** Where a person writes: several lines, earlier texts, pasted images, completions, modes, and Stop. */
import type { Heading, PermissionMode, TalkMode, ToComposer } from "../src/conversation_shape.js";
import { nextNumber } from "./cards.js";
import { completions, type Completions } from "./completions.js";
import { button, h } from "./dom.js";
import { keep, kept, post, word } from "./extension.js";
import { images, type Images } from "./images.js";

export interface Composer {
  readonly element: HTMLElement;
  readonly focus: () => void;
  readonly write: (text: string) => void;
  /** What is shown, so that texts go there. */
  readonly follow: (runId: string, heading: Heading | undefined) => void;
  readonly hear: (message: ToComposer) => void;
}

const MODES = ["build", "plan", "max"] as const;
const PERMISSIONS: Readonly<Record<PermissionMode, () => string>> = {
  "read-only": () => word("readOnly"),
  ask: () => word("ask"),
  "auto-edit": () => word("autoEdit"),
  sandboxed: () => word("sandboxed"),
  full: () => word("full"),
};
const HEIGHT_LINES_MAX = 12;

export function composer(): Composer {
  let runId = "";
  let history: readonly string[] = [];
  /** How far back in the history the text is; 0 is one's own. */
  let back = 0;
  let sending = 0;
  let heading: Heading | undefined;
  /** The mode of the settings, and the one that the person chose here. */
  let usual: PermissionMode = "ask";
  let chosen: PermissionMode | undefined;
  /** The mode that the person chose for the next text; undefined: that of the run. */
  let wanted: TalkMode | undefined;
  const field = h("textarea", { id: "write", rows: "1", "aria-label": word("write") });
  const pictures: Images = images();
  const found: Completions = completions(field);
  const mode = select(
    word("mode"),
    MODES.map((name) => [name, word(name)]),
    (value) => {
      wanted = MODES.find((name) => name === value);
      keep({ mode: value });
      // What a run at work may do is fixed, how many answers it compares is not.
      if (isActive() && heading?.mode !== "plan" && wanted !== "plan") {
        post({ type: "switch", runId, isMax: wanted === "max" });
      }
    },
  );
  const permissions = select(
    word("permissions"),
    Object.entries(PERMISSIONS).map(([name, text]) => [name, text()]),
    (value) => {
      chosen = value as PermissionMode;
      post({ type: "permissions", runId: isActive() ? runId : "", mode: chosen });
    },
  );
  const stop = button(
    word("stop"),
    () => {
      post({ type: "stop", runId });
    },
    { class: "second", id: "stop", hidden: true },
  );
  const send = button(word("send"), submit, { class: "first", id: "send" });
  const bar = h(
    "div",
    { class: "bar" },
    mode,
    permissions,
    h("span", { class: "gap" }),
    stop,
    send,
  );
  const element = h(
    "form",
    { class: "composer", "aria-label": word("write") },
    found.element,
    pictures.element,
    field,
    bar,
  );
  field.value = kept().draft;
  mode.value = kept().mode;

  function submit(): void {
    const text = field.value.trim();
    if (text === "" && pictures.urls().length === 0) {
      return;
    }
    sending = nextNumber();
    element.setAttribute("aria-busy", "true");
    post({
      type: "send",
      number: sending,
      runId,
      text: text === "" ? word("lookAtImages") : text,
      images: pictures.urls(),
      mode: MODES.find((name) => name === mode.value) ?? "build",
      ...(isActive() || chosen === undefined || chosen === usual ? {} : { permissions: chosen }),
    });
  }

  function isActive(): boolean {
    return heading?.state === "running" || heading?.state === "waiting";
  }

  function showMode(): void {
    const own = MODES.find((name) => name === kept().mode);
    mode.value = wanted ?? heading?.mode ?? own ?? "build";
  }

  function showPermissions(): void {
    permissions.value = (isActive() ? heading?.permissions : chosen) ?? usual;
  }

  function set(text: string): void {
    field.value = text;
    changed();
  }

  function changed(): void {
    keep({ draft: field.value });
    field.style.height = "";
    const line = parseFloat(getComputedStyle(field).lineHeight) || 18;
    field.style.height = `${Math.min(field.scrollHeight, HEIGHT_LINES_MAX * line)}px`;
    found.look();
  }

  /** An earlier text of one's own, from a caret at the beginning. */
  function recall(step: 1 | -1): boolean {
    const at = back + step;
    const text = at === 0 ? "" : history[history.length - at];
    const isOwn = field.value !== "" && back === 0;
    if (isOwn || at < 0 || text === undefined) {
      return false;
    }
    back = at;
    set(text);
    return true;
  }

  field.addEventListener("input", () => {
    back = 0;
    changed();
  });
  field.addEventListener("paste", (event) => {
    if (pictures.paste(event)) {
      event.preventDefault();
    }
  });
  field.addEventListener("keydown", (event) => {
    if (event.isComposing || found.key(event)) {
      return;
    }
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      submit();
    } else if (event.key === "ArrowUp" && field.selectionStart === 0 && recall(1)) {
      event.preventDefault();
      field.setSelectionRange(0, 0);
    } else if (event.key === "ArrowDown" && back > 0 && recall(-1)) {
      event.preventDefault();
    }
  });
  element.addEventListener("submit", (event) => {
    event.preventDefault();
  });
  return {
    element,
    focus: () => {
      field.focus();
    },
    write: (text) => {
      set(field.value === "" ? text : `${field.value}\n${text}`);
      field.focus();
    },
    follow: (shown, given) => {
      // What was chosen holds until the run has it, or another one is shown.
      if (shown !== runId || wanted === given?.mode) {
        wanted = undefined;
      }
      runId = shown;
      heading = given;
      showMode();
      stop.hidden = !isActive();
      field.placeholder = word(
        shown === "" ? "writeFirst" : isActive() ? "writeMore" : "writeAgain",
      );
      showPermissions();
    },
    hear: (message) => {
      switch (message.type) {
        case "sent":
          if (message.number === sending) {
            element.removeAttribute("aria-busy");
            if (message.isTaken) {
              history = [...history, field.value.trim()];
              back = 0;
              pictures.clear();
              set("");
            }
          }
          break;
        case "history":
          history = message.texts;
          break;
        case "permissions":
          usual = message.mode;
          chosen = undefined;
          showPermissions();
          break;
        case "completions":
          found.show(message.number, message.items);
          break;
      }
    },
  };
}

function select(
  name: string,
  options: readonly (readonly [string, string])[],
  choose: (value: string) => void,
): HTMLSelectElement {
  const field = h(
    "select",
    { "aria-label": name, title: name },
    ...options.map(([value, text]) => h("option", { value }, text)),
  );
  field.addEventListener("change", () => {
    choose(field.value);
  });
  return field;
}
