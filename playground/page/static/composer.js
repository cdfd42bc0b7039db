// The message field: sending, the command menu with completion, replies, and what the bot hangs below it.

import { byId, el, icon } from "./dom.js";
import { say as send } from "./doing.js";
import { enterMessages } from "./history.js";
import { excerpt } from "./message.js";
import { on, shown, state } from "./state.js";
import { commands } from "./wire.js";
import { say } from "./words.js";

const input = byId("input");
const menu = byId("menu");
let known = []; // the commands of this person in this chat
let offered = []; // those that fit what is typed
let chosen = 0;
let answering = null;
let forced = 0; // the message whose ForceReply was taken already

export function attachComposer() {
  byId("composer").addEventListener("submit", (event) => {
    event.preventDefault();
    submit();
  });
  input.addEventListener("input", () => {
    grow();
    suggest();
  });
  input.addEventListener("keydown", press);
  input.addEventListener("blur", () => setTimeout(() => (menu.contains(document.activeElement) ? null : closeMenu()), 120));
  byId("open-menu").addEventListener("click", () => {
    if (!menu.hidden) return closeMenu();
    input.focus();
    if (!input.value.startsWith("/")) input.value = "/";
    suggest();
    return undefined;
  });
  on("reply", (message) => {
    reply(message);
    input.focus();
  });
}

/** Another chat or another person. */
export async function openComposer() {
  reply(null);
  closeMenu();
  showBelow();
  await learnCommands();
}

export async function learnCommands() {
  known = state.chat === null ? [] : await commands(state.person, state.chat);
  if (document.activeElement === input) suggest(); // it may have been typed before they were known
}

async function submit() {
  const text = input.value.trim();
  if (!text) return;
  const replyTo = answering?.message_id ?? null;
  input.value = "";
  reply(null);
  grow();
  closeMenu();
  if (!(await send(text, { replyTo })) && !input.value) input.value = text;
}

function press(event) {
  if (event.isComposing) return;
  const open = !menu.hidden;
  if (open && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
    choose((chosen + (event.key === "ArrowDown" ? 1 : -1) + offered.length) % offered.length);
  } else if (open && event.key === "Tab" && !event.shiftKey) {
    complete(offered[chosen].command);
  } else if (open && event.key === "Enter" && !event.shiftKey) {
    input.value = `/${offered[chosen].command}`;
    submit();
  } else if (event.key === "Enter" && !event.shiftKey) {
    submit();
  } else if (event.key === "Escape" && (open || answering)) {
    if (open) closeMenu();
    else reply(null);
  } else if (event.key === "ArrowUp" && !input.value && enterMessages()) {
    // gone to the messages
  } else {
    return;
  }
  event.preventDefault();
}

function complete(name) {
  input.value = `/${name} `;
  closeMenu();
  input.focus();
}

function suggest() {
  const typed = /^\/(\w*)$/.exec(input.value);
  if (!typed) return closeMenu();
  offered = known.filter((each) => each.command.startsWith(typed[1].toLowerCase()));
  if (!offered.length) return closeMenu();
  menu.replaceChildren(...offered.map(option));
  menu.hidden = false;
  for (const node of [input, byId("open-menu")]) node.setAttribute("aria-expanded", "true");
  return choose(0);
}

function option(command, index) {
  const node = el(
    "div",
    { role: "option", id: `option-${index}`, className: "option", aria: { selected: "false" } },
    el("strong", {}, `/${command.command}`),
    el("span", {}, command.description),
  );
  node.addEventListener("pointerdown", (event) => event.preventDefault()); // the field keeps the focus
  node.addEventListener("click", () => {
    input.value = `/${command.command}`;
    submit();
  });
  return node;
}

function choose(index) {
  chosen = index;
  [...menu.children].forEach((node, at) => node.setAttribute("aria-selected", String(at === index)));
  input.setAttribute("aria-activedescendant", `option-${index}`);
  menu.children[index]?.scrollIntoView({ block: "nearest" });
}

function closeMenu() {
  menu.hidden = true;
  input.removeAttribute("aria-activedescendant");
  for (const node of [input, byId("open-menu")]) node.setAttribute("aria-expanded", "false");
}

function reply(message) {
  answering = message;
  const box = byId("answering");
  box.hidden = !message;
  box.replaceChildren();
  if (!message) return;
  const cancel = el("button", { type: "button", className: "plain", onclick: () => (reply(null), input.focus()), title: say("cancel_reply"), aria: { label: say("cancel_reply") } }, icon("close"));
  box.append(icon("reply"), el("span", {}, el("strong", {}, say("answering", message.from.first_name)), el("span", {}, excerpt(message))), cancel);
}

/** Of the bot's newest message that hangs something here: a reply is asked for, or texts are offered. */
export function showBelow() {
  const box = byId("below");
  const newest = shown().findLast((message) => message.below && meantForMe(message));
  const rows = newest?.below.kind === "keyboard" ? newest.below.rows : [];
  box.hidden = !rows.length;
  box.replaceChildren(
    ...rows.map((row) => el("div", { className: "key-row" }, row.map((text) => el("button", { type: "button", className: "key", onclick: () => send(text) }, text)))),
  );
  const asks = newest?.below.kind === "force_reply" && newest === shown().at(-1) && newest.message_id > forced;
  if (asks) {
    forced = newest.message_id;
    reply(newest);
    input.focus();
  }
}

const meantForMe = (message) => !message.reply_to_message || message.reply_to_message.from.id === state.person;

function grow() {
  input.style.height = "auto";
  input.style.height = `${Math.min(input.scrollHeight, 160)}px`;
}
