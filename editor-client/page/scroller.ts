/** Keeps the newest in sight, unless the person has scrolled away from it. */
import { button, h } from "./dom.js";
import { word } from "./extension.js";

export interface Scroller {
  readonly element: HTMLElement;
  readonly follow: () => void;
  readonly toEnd: () => void;
  /** Whether the end of an element is in sight. */
  readonly shows: (element: HTMLElement) => boolean;
}

const NEAR_PIXELS = 60;

/** `onScroll` hears that something else is in sight. */
export function scroller(content: HTMLElement, onScroll: () => void): Scroller {
  let follows = true;
  const area = h(
    "div",
    { class: "area", tabindex: "0", role: "region", "aria-label": word("conversation") },
    content,
  );
  const down = button("↓", toEnd, {
    class: "down",
    "aria-label": word("newest"),
    title: word("newest"),
    hidden: true,
  });
  const gap = (): number => area.scrollHeight - area.scrollTop - area.clientHeight;

  function toEnd(): void {
    follows = true;
    down.hidden = true;
    area.scrollTop = area.scrollHeight;
  }

  function follow(): void {
    if (follows) {
      area.scrollTop = area.scrollHeight;
    } else {
      down.hidden = gap() < NEAR_PIXELS;
    }
  }

  function shows(element: HTMLElement): boolean {
    const { bottom } = element.getBoundingClientRect();
    const { top, bottom: end } = area.getBoundingClientRect();
    return bottom > top && bottom <= end + NEAR_PIXELS;
  }

  let last = 0;
  area.addEventListener("scroll", () => {
    const { scrollTop } = area;
    if (gap() < NEAR_PIXELS) {
      follows = true;
      down.hidden = true;
    } else if (scrollTop < last) {
      // Content that grows scrolls nothing up: that was the person.
      follows = false;
    }
    last = scrollTop;
    onScroll();
  });
  window.addEventListener("drawn", follow);
  new ResizeObserver(follow).observe(content);
  return { element: h("div", { class: "scroller" }, area, down), follow, toEnd, shows };
}
