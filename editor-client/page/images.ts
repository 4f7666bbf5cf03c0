/** Images that a person pastes or drops, until they are sent. */
import { button, h } from "./dom.js";
import { word } from "./extension.js";

export interface Images {
  readonly element: HTMLElement;
  /** As `data:` URLs. */
  readonly urls: () => string[];
  /** Takes the images of a paste; whether there were any. */
  readonly paste: (event: ClipboardEvent) => boolean;
  readonly clear: () => void;
}

const TYPES = ["image/png", "image/jpeg", "image/gif", "image/webp"];
const BYTES_MAX = 5_000_000;
const IMAGES_MAX = 10;

export function images(): Images {
  let taken: readonly { readonly name: string; readonly url: string }[] = [];
  const chips = h("span");
  const problem = h("span", { class: "quiet bad", role: "status" });
  const element = h("div", { class: "chips", hidden: true }, chips, problem);

  function draw(): void {
    element.hidden = taken.length === 0 && problem.textContent === "";
    chips.replaceChildren(
      ...taken.map((image) =>
        h(
          "span",
          { class: "chip" },
          image.name,
          button(
            "×",
            () => {
              taken = taken.filter((each) => each !== image);
              draw();
            },
            { "aria-label": word("removeImage", image.name) },
          ),
        ),
      ),
    );
  }

  async function take(file: File): Promise<void> {
    if (!TYPES.includes(file.type) || file.size > BYTES_MAX || taken.length >= IMAGES_MAX) {
      problem.textContent = word("imageTooLarge", file.name);
      draw();
      return;
    }
    const url = await dataUrl(file);
    taken = [...taken, { name: file.name, url }];
    draw();
  }

  return {
    element,
    urls: () => taken.map(({ url }) => url),
    paste: ({ clipboardData }) => {
      const files = [...(clipboardData?.files ?? [])];
      problem.textContent = "";
      files.forEach((file) => void take(file));
      return files.length > 0;
    },
    clear: () => {
      taken = [];
      problem.textContent = "";
      draw();
    },
  };
}

function dataUrl(file: File): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.addEventListener("load", () => {
      resolve(typeof reader.result === "string" ? reader.result : "");
    });
    reader.addEventListener("error", () => {
      reject(new Error(`${file.name} cannot be read`));
    });
    reader.readAsDataURL(file);
  });
}
