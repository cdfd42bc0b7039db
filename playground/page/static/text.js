// Text with its entities → elements. Offsets are UTF-16 units, as JavaScript counts.

import { el, icon } from "./dom.js";
import { say } from "./words.js";

const BLOCKS = new Set(["pre", "blockquote", "expandable_blockquote"]);
const PLAIN = {
  bold: "strong",
  italic: "em",
  underline: "u",
  strikethrough: "s",
  custom_emoji: "span",
  date_time: "span",
};
const LONG_QUOTE = 3; // lines of a quote that are shown before it is expanded

/** `on`: command(text), link(url), copy(text). Returns a fragment. */
export function written(text, entities, on) {
  const sorted = [...(entities ?? [])].sort((a, b) => a.offset - b.offset || b.length - a.length);
  const fragment = document.createDocumentFragment();
  fragment.append(...stretch(text, 0, text.length, sorted, on));
  return fragment;
}

/** From `start` to `end`, whose entities are these: outer ones first. */
function stretch(text, start, end, entities, on) {
  const nodes = [];
  let at = start;
  for (let index = 0; index < entities.length; index += 1) {
    const entity = entities[index];
    const stop = Math.min(entity.offset + entity.length, end);
    if (entity.offset < at || stop <= entity.offset) continue;
    const within = [];
    while (index + 1 < entities.length && entities[index + 1].offset < stop) within.push(entities[++index]);
    const block = BLOCKS.has(entity.type);
    nodes.push(between(text, at, entity.offset, block));
    nodes.push(formatted(entity, text.slice(entity.offset, stop), stretch(text, entity.offset, stop, within, on), on));
    at = block && text[stop] === "\n" ? stop + 1 : stop;
  }
  nodes.push(text.slice(at, end));
  return nodes.filter((node) => node !== "");
}

/** A block begins a line anyway: the newline before it goes. */
function between(text, start, end, block) {
  const found = text.slice(start, end);
  return block && found.endsWith("\n") ? found.slice(0, -1) : found;
}

function formatted(entity, raw, inner, on) {
  if (PLAIN[entity.type]) return el(PLAIN[entity.type], {}, inner);
  switch (entity.type) {
    case "code":
      return el("code", {}, inner);
    case "pre":
      return pre(entity, raw, inner, on);
    case "blockquote":
      return el("blockquote", {}, inner);
    case "expandable_blockquote":
      return quote(raw, inner);
    case "spoiler":
      return spoiler(inner);
    case "text_link":
      return link(entity.url, inner, on);
    case "url":
      return link(/^[a-z]+:/i.test(raw) ? raw : `https://${raw}`, inner, on);
    case "email":
      return link(`mailto:${raw}`, inner, on);
    case "bot_command":
      return el("button", { type: "button", className: "inline-link", onclick: () => on.command(raw) }, inner);
    default: // mentions, hashtags, cashtags, telephone numbers
      return el("span", { className: "named" }, inner);
  }
}

function link(url, inner, on) {
  return el(
    "a",
    {
      href: /^(https?|mailto|tg):/i.test(url) ? url : "#",
      className: "inline-link",
      rel: "noopener noreferrer",
      onclick: (event) => {
        event.preventDefault();
        on.link(url);
      },
    },
    inner,
  );
}

function pre(entity, raw, inner, on) {
  const copy = el(
    "button",
    { type: "button", className: "pre-copy", title: say("copy_code"), onclick: () => on.copy(raw), aria: { label: say("copy_code") } },
    icon("copy"),
  );
  const title = entity.language ? el("span", { className: "pre-title" }, entity.language) : null;
  return el("div", { className: "pre" }, el("div", { className: "pre-head" }, title, copy), el("pre", {}, el("code", {}, inner)));
}

function quote(raw, inner) {
  const body = el("blockquote", {}, inner);
  if (raw.split("\n").length <= LONG_QUOTE && raw.length < 180) return body;
  body.classList.add("folded");
  const toggle = el("button", { type: "button", className: "unfold", aria: { expanded: "false" } }, say("show_all"));
  toggle.addEventListener("click", () => {
    const folded = body.classList.toggle("folded");
    toggle.setAttribute("aria-expanded", String(!folded));
    toggle.textContent = say(folded ? "show_all" : "show_less");
  });
  return el("div", { className: "quote" }, body, toggle);
}

function spoiler(inner) {
  const hidden = el("span", { className: "spoiler", role: "button", tabIndex: 0, aria: { pressed: "false", label: say("spoiler") } }, inner);
  const show = () => {
    hidden.classList.add("shown");
    for (const name of ["role", "aria-pressed", "aria-label", "tabindex"]) hidden.removeAttribute(name);
  };
  hidden.addEventListener("click", show);
  hidden.addEventListener("keydown", (event) => {
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      show();
    }
  });
  return hidden;
}
