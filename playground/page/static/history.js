// The messages on the screen: added below, replaced where they are, walked through by arrows.

import { byId, el } from "./dom.js";
import { say as speak } from "./doing.js";
import { article, excerpt } from "./message.js";
import { on, personOf, shown, state, topicOf } from "./state.js";
import { commands } from "./wire.js";
import { day, say } from "./words.js";

const TOGETHER = 300; // seconds within which messages of one sender stand as one block
const NEAR = 80; // pixels from the end: who is there stays there
const CONTROLS = "button, a[href], pre, [role=button]";
const FIRST = ["status", "menu", "alerts", "logs", "help"];

const history = byId("history");
const list = byId("messages");
const nodes = new Map();
let last = null; // the newest message on the screen
let current = null; // the article whose controls are in the order of Tab
let atEnd = true; // of what there is to scroll: less room, such as above a keyboard, does not change it

export function attachHistory() {
  on("messages", (added, changed, fresh) => (fresh ? null : update(added, changed))); // fresh: whoever opens the chat draws it
  on("jump", jump);
  history.addEventListener("scroll", () => { atEnd = near(); showNewest(); }, { passive: true });
  history.addEventListener("keydown", walk);
  list.addEventListener("focusin", (event) => choose(event.target.closest("article")));
  byId("newest").addEventListener("click", () => toEnd(true));
  new ResizeObserver(() => (atEnd ? toEnd() : showNewest())).observe(history);
}

/** All of the chat that is open. */
export function redraw() {
  nodes.clear();
  last = current = null;
  list.replaceChildren();
  for (const message of shown()) append(message);
  choose(list.lastElementChild);
  welcome();
  toEnd();
}

function update(added, changed) {
  const stay = near();
  for (const message of added) if (here(message)) append(message);
  for (const message of changed) replace(message);
  if (added.some(here)) {
    welcome();
    if (!list.contains(document.activeElement)) choose(list.lastElementChild);
  }
  const mine = added.some((message) => here(message) && message.from.id === state.person);
  if (stay || mine) toEnd();
  showNewest();
}

const here = (message) =>
  message.chat.id === state.chat && !message.deleted && (topicOf(message) === state.topic || !message.chat.is_forum);

function append(message) {
  if (!last || day(last.date) !== day(message.date)) list.append(el("p", { className: "day" }, day(message.date)));
  const joined = last?.from.id === message.from.id && message.date - last.date < TOGETHER && !last.reply_markup;
  const node = article(message, joined && !message.reply_to_message);
  nodes.set(message.message_id, node);
  list.append(node);
  finish(node);
  last = message;
}

function replace(message) {
  const before = message.chat.id === state.chat ? nodes.get(message.message_id) : null;
  if (!before) return;
  if (message.deleted) {
    before.remove();
    nodes.delete(message.message_id);
    return;
  }
  const after = article(message, before.classList.contains("joined"));
  const opened = [...before.querySelectorAll(".unfold")].map((each) => each.getAttribute("aria-expanded") === "true");
  const scrolled = [...before.querySelectorAll("pre")].map((each) => each.scrollLeft);
  const focused = before.contains(document.activeElement) ? document.activeElement : null;
  const controls = [...before.querySelectorAll(CONTROLS)];
  const label = focused?.textContent;
  const place = controls.indexOf(focused);
  before.replaceWith(after);
  nodes.set(message.message_id, after);
  after.querySelectorAll(".unfold").forEach((each, index) => (opened[index] ? each.click() : null));
  after.querySelectorAll("pre").forEach((each, index) => (each.scrollLeft = scrolled[index] ?? 0));
  finish(after);
  if (current === before) choose(after);
  if (focused) refocus(after, label, place);
}

/** Where it was: at the button of the same label, or of the same place, or at least at the message. */
function refocus(node, label, place) {
  const controls = [...node.querySelectorAll(CONTROLS)].filter((each) => !each.disabled);
  (controls.find((each) => label && each.textContent === label) ?? controls[place] ?? node).focus({ preventScroll: true });
}

/** What can only be known on the screen; and only the chosen message is in the order of Tab. */
function finish(node) {
  for (const pre of node.querySelectorAll("pre")) {
    if (pre.scrollWidth > pre.clientWidth) pre.classList.add("wide");
  }
  const foot = node.querySelector(".text + .foot");
  if (foot?.offsetWidth) foot.previousSibling.style.setProperty("--foot", `${foot.offsetWidth + 10}px`);
  tabbable(node, node === current);
}

function tabbable(node, whether) {
  if (!node) return;
  node.tabIndex = whether ? 0 : -1;
  for (const control of node.querySelectorAll(CONTROLS)) {
    if (control.getAttribute("role") === "menuitem") continue;
    if (control.tagName === "PRE") control.tabIndex = control.classList.contains("wide") ? 0 : -1; // to be scrolled
    else control.tabIndex = whether ? 0 : -1;
  }
}

function choose(node) {
  if (!node || node === current || node.tagName !== "ARTICLE") return;
  tabbable(current, false);
  current = node;
  tabbable(node, true);
}

export function enterMessages() {
  if (!current) return false;
  current.focus();
  return true;
}

function walk(event) {
  const at = event.target.closest?.("article");
  if (!at) return;
  const onMessage = event.target === at;
  const articles = [...list.querySelectorAll("article")];
  const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  if (step && onMessage) {
    const next = articles[articles.indexOf(at) + step];
    if (next) next.focus();
    else if (step > 0) byId("input").focus();
  } else if ((event.key === "Home" || event.key === "End") && onMessage) {
    articles.at(event.key === "Home" ? 0 : -1).focus();
  } else if (event.key === "Enter" && onMessage) {
    const controls = [...at.querySelectorAll(".file-open, button, a[href]")];
    (at.querySelector(".keys-below button:not(:disabled)") ?? controls[0])?.focus();
  } else if ((event.key === "ArrowLeft" || event.key === "ArrowRight") && event.target.closest(".keys-below")) {
    const keys = [...at.querySelectorAll(".keys-below button:not(:disabled)")];
    keys[keys.indexOf(event.target) + (event.key === "ArrowLeft" ? -1 : 1)]?.focus();
  } else if (event.key === "Escape") {
    (onMessage ? byId("input") : at).focus();
  } else {
    return;
  }
  event.preventDefault();
}

function jump(id) {
  const node = nodes.get(id);
  if (!node) return;
  node.scrollIntoView({ block: "center", behavior: calm() ? "auto" : "smooth" });
  node.focus({ preventScroll: true });
  node.classList.remove("flash");
  requestAnimationFrame(() => node.classList.add("flash"));
}

const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
const near = () => history.scrollHeight - history.scrollTop - history.clientHeight < NEAR;

export function toEnd(smoothly = false) {
  history.scrollTo({ top: history.scrollHeight, behavior: smoothly && !calm() ? "smooth" : "auto" });
  showNewest();
}

function showNewest() {
  byId("newest").hidden = near();
}

/** What to begin with, in a chat where nothing has been said. */
export async function welcome() {
  const box = byId("welcome");
  box.hidden = list.childElementCount > 0 || state.chat === null;
  if (box.hidden) return box.replaceChildren();
  if (!state.awake) return box.replaceChildren(el("p", {}, say("starting")));
  const group = state.chat < 0;
  const offered = (await commands(state.person, state.chat)).map((each) => each.command);
  const names = FIRST.filter((name) => offered.includes(name));
  const stranger = personOf(state.person).role === "stranger";
  if (!group && !stranger && !names.length) return box.replaceChildren(el("p", {}, say("starting"))); // its menu is to come
  const tries = stranger && !group ? ["start", "whoami"] : names;
  box.replaceChildren(
    el("p", {}, tries.length ? say("empty") : say("empty_group")),
    el("div", { className: "tries" }, tries.map((name) => el("button", { type: "button", className: "key", onclick: () => speak(`/${name}`) }, `/${name}`))),
  );
  return undefined;
}

/** For who cannot see it come. */
export function announce(messages) {
  const words = messages.map((message) => `${message.from.first_name}: ${excerpt(message)}`);
  byId("announcer").textContent = words.join(". ");
}
