// Elements, made without ever parsing a text as HTML.

const SVG = "http://www.w3.org/2000/svg";
const PATHS = {
  back: "M15 5l-7 7 7 7",
  down: "M6 9l6 6 6-6",
  send: "M4 12l16-8-6 16-3-6-7-2z",
  slash: "M8 20L16 4",
  close: "M6 6l12 12M18 6L6 18",
  download: "M12 4v11m0 0l-5-5m5 5l5-5M5 20h14",
  more: "M12 5h.01M12 12h.01M12 19h.01",
  reply: "M10 7L4 12l6 5M4 12h10a6 6 0 0 1 6 6",
  copy: "M9 9h10v11H9zM5 15V4h10",
  link: "M8 16L16 8m-7 0h7v7",
  file: "M7 3h7l4 4v14H7zM14 3v4h4",
  sound: "M5 10v4h3l4 4V6l-4 4zM16 9a4 4 0 0 1 0 6M18.5 6.5a8 8 0 0 1 0 11",
  silent: "M5 10v4h3l4 4V6l-4 4zM16 10l5 5M21 10l-5 5",
  stop: "M6 6h12v12H6z",
};

/** An element. Properties go to it, those of `data` and `aria` to its attributes; null children are left out. */
export function el(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null) continue;
    if (name === "data") Object.assign(node.dataset, value);
    else if (name === "aria") for (const [key, said] of Object.entries(value)) node.setAttribute(`aria-${key}`, said);
    else if (name === "role" || name === "for" || name === "lang") node.setAttribute(name, value);
    else node[name] = value;
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return node;
}

/** Puts these into the box, unless just such ones stand there: a press that has begun then finds its end. */
export function fill(box, children) {
  const same = children.length === box.children.length && children.every((child, index) => child.isEqualNode(box.children[index]));
  if (!same) box.replaceChildren(...children);
}

export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.classList.add("icon");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}

export const byId = (id) => document.getElementById(id);

/** Which of the six colours is somebody's own. */
export const hue = (id) => (Math.abs(id) % 97) % 6;

/** The face of somebody or of a chat: the first letter on a colour of its own; the bot has its mark. */
export function face(id, name, bot = false) {
  if (bot) return el("img", { className: "face", src: "/static/calm.svg", alt: "" });
  const letters = name.split(/\s+/).slice(0, 2).map((word) => word[0] ?? "").join("").toUpperCase();
  return el("span", { className: `face tint-${hue(id)}`, aria: { hidden: "true" } }, letters);
}
