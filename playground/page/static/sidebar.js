// Who one is, and the chats that this person sees.

import { byId, el, face, fill } from "./dom.js";
import { goTo } from "./doing.js";
import { excerpt } from "./message.js";
import { chatsOf, forum, messagesOf, state, unread } from "./state.js";
import { clock, say } from "./words.js";

export function drawPeople() {
  const choice = (person) => {
    const input = el("input", { type: "radio", name: "person", value: person.id, defaultChecked: person.id === state.person });
    input.addEventListener("change", () => become(person.id));
    const waiting = chatsOf(person.id).some((chat) => unread(person.id, chat.id).length);
    return el(
      "label",
      { className: `person${waiting && person.id !== state.person ? " waiting" : ""}`, title: say(person.role) },
      input,
      face(person.id, person.first_name),
      el("span", { className: "person-name" }, person.first_name),
      el("small", {}, say(person.role)),
    );
  };
  const focused = byId("people").contains(document.activeElement);
  fill(byId("people"), state.people.map(choice));
  if (focused) byId("people").querySelector(":checked")?.focus();
  const select = byId("as");
  select.replaceChildren(
    ...state.people.map((person) =>
      el("option", { value: person.id, selected: person.id === state.person }, person.first_name),
    ),
  );
}

/** The same chat, if the other person sees it. */
export function become(person) {
  const group = state.chat < 0 && chatsOf(person).some((chat) => chat.id === state.chat);
  goTo(person, state.chat === null ? null : group ? state.chat : person, group && forum(state.chats.get(state.chat)) ? state.topic : null);
}

export function drawChats() {
  const focused = document.activeElement?.closest("#chats button")?.dataset.chat;
  fill(byId("chats"), chatsOf(state.person).map(row));
  if (focused) byId("chats").querySelector(`[data-chat="${focused}"]`)?.focus();
}

function row(chat) {
  const newest = [...messagesOf(chat.id).values()].findLast((message) => !message.deleted);
  const waiting = unread(state.person, chat.id).length;
  const who = newest && chat.type !== "private" ? `${newest.from.first_name}: ` : "";
  const open = el(
    "button",
    { type: "button", className: "chat-row", data: { chat: chat.id }, onclick: () => goTo(state.person, chat.id) },
    face(chat.id, chat.title, chat.type === "private"),
    el("span", { className: "row-name" }, chat.title),
    el("span", { className: "row-time" }, newest ? clock(newest.date) : ""),
    el("span", { className: "row-text" }, newest ? who + excerpt(newest) : say(chat.type === "private" ? "bot" : "empty_group")),
    waiting ? el("span", { className: "count", aria: { label: say("unread", waiting) }, role: "img" }, String(waiting)) : null,
  );
  if (chat.id === state.chat) open.setAttribute("aria-current", "true");
  return el("li", {}, open);
}
