// The buttons below a message, and what a press of each kind does.

import { inform, leave, toast } from "./dialogs.js";
import { el, icon } from "./dom.js";
import { goTo, say as speak } from "./doing.js";
import { state } from "./state.js";
import { act } from "./wire.js";
import { say } from "./words.js";

const busy = new Set(); // presses that wait for their answer

export function keyboardOf(message) {
  const rows = message.reply_markup?.inline_keyboard;
  if (!rows?.length) return null;
  return el(
    "div",
    { className: "keys-below" },
    rows.map((row) => el("div", { className: "key-row" }, row.map((key) => button(message, key)))),
  );
}

function button(message, key) {
  const data = key.callback_data;
  const node = el("button", { type: "button", className: `key ${key.style ?? ""}` }, el("span", {}, key.text));
  if (data !== undefined) {
    const name = `${message.chat.id}/${message.message_id}/${data}`;
    node.setAttribute("aria-busy", String(busy.has(name)));
    node.addEventListener("click", () => press(message, data, name, node));
  } else if (key.url) {
    node.append(icon("link"));
    node.addEventListener("click", () => followLink(key.url));
  } else if (key.copy_text) {
    node.append(icon("copy"));
    node.addEventListener("click", () => copy(key.copy_text.text));
  } else {
    node.disabled = true;
  }
  return node;
}

async function press(message, data, name, node) {
  if (busy.has(name)) return;
  busy.add(name);
  node.setAttribute("aria-busy", "true");
  try {
    const { text, show_alert: alert, expired } = await act("press", {
      person: state.person,
      chat: message.chat.id,
      message: message.message_id,
      data,
    });
    if (expired) toast(say("no_answer"));
    else if (text && alert) inform(text);
    else if (text) toast(text);
  } catch (error) {
    toast(error.message);
  } finally {
    busy.delete(name);
    node.setAttribute("aria-busy", "false");
  }
}

/** A link to the bot itself starts it; any other leads out of here, when one wants. */
export function followLink(url) {
  const target = URL.canParse(url) ? new URL(url) : null;
  const starts = target?.hostname === "t.me" && target.pathname.slice(1).toLowerCase() === state.bot.username.toLowerCase();
  if (starts) {
    goTo(state.person, state.person);
    speak(`/start ${target.searchParams.get("start") ?? ""}`.trim(), { chat: state.person });
  } else {
    leave(url);
  }
}

export async function copy(text) {
  await navigator.clipboard.writeText(text);
  toast(say("copied"));
}
