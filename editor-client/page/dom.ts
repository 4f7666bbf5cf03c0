/** Makes elements of the page. Text is set as text: what a model wrote is never read as HTML here. */

type Attributes = Readonly<Record<string, string | boolean | ((event: Event) => void)>>;

/** An element; a function among the attributes listens for that event. */
export function h<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Attributes = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[Name] {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === "function") {
      element.addEventListener(key, value);
    } else if (value !== false) {
      element.setAttribute(key, value === true ? "" : value);
    }
  }
  element.append(...children);
  return element;
}

/** A button with a text; `name` says more than the text to those who cannot see the page. */
export function button(text: string, press: () => void, attributes: Attributes = {}): HTMLElement {
  return h("button", { type: "button", click: press, ...attributes }, text);
}

/** Something that opens below its title; empty details have nothing to open. */
export function folded(title: Node | string, isOpen: boolean, ...content: Node[]): HTMLElement {
  return content.length === 0
    ? h("div", { class: "unfolded" }, title)
    : h("details", { open: isOpen }, h("summary", {}, title), ...content);
}

/** A mark that is read nowhere: what it means is said in words beside it. */
export function mark(text: string, tone = ""): HTMLElement {
  return h("span", { class: `mark ${tone}`, "aria-hidden": "true" }, text);
}
