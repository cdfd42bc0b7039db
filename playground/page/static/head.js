// What stands above the messages: whose chat it is, whether the bot types, the topics of a forum; and its draft below.

import { byId, el, face, fill, icon } from "./dom.js";
import { goTo } from "./doing.js";
import { forum, state, topicsOf, unread } from "./state.js";
import { written } from "./text.js";
import { act } from "./wire.js";
import { say } from "./words.js";

const TYPING = 5000; // ms that an action lasts, and a draft without a further word
const FADES = 30000;
const busy = new Map(); // chat → {count, until}
const drafts = new Map(); // draft → {text, until}

export function drawHead() {
  const chat = state.chats.get(state.chat);
  byId("app").dataset.pane = chat ? "chat" : "chats";
  if (!chat) return;
  const group = chat.type !== "private";
  byId("chat-face").replaceChildren(face(chat.id, chat.title, !group));
  byId("chat-title").textContent = chat.title;
  const typing = (busy.get(chat.id)?.until ?? 0) > Date.now();
  byId("chat-state").textContent = !state.awake ? say("starting") : typing ? say("typing") : group ? say("members", chat.members.length) : say("bot");
  byId("chat-state").classList.toggle("typing", typing);
  drawTopics(chat);
  drawDraft(chat);
}

/** Called at each news of the chats. */
export function noteActions() {
  for (const chat of state.chats.values()) {
    const before = busy.get(chat.id);
    if (before && chat.actions > before.count) {
      busy.set(chat.id, { count: chat.actions, until: Date.now() + TYPING });
      setTimeout(drawHead, TYPING + 50);
    } else if (!before) {
      busy.set(chat.id, { count: chat.actions, until: 0 });
    }
  }
}

/** A message of the bot is the end of its typing. */
export function hasWritten(chat) {
  const kept = busy.get(chat);
  if (kept) kept.until = 0;
}

function drawTopics(chat) {
  const box = byId("topics");
  box.hidden = !forum(chat);
  if (box.hidden) return;
  const tab = (id) => {
    const title = chat.topics[id] ?? say("general");
    const chosen = id === state.topic;
    const waiting = chosen ? 0 : unread(state.person, chat.id, id).length;
    return el(
      "button",
      { type: "button", role: "tab", tabIndex: chosen ? 0 : -1, onclick: () => goTo(state.person, chat.id, id), data: { topic: id }, aria: { selected: String(chosen), controls: "history" } },
      title,
      waiting ? el("span", { className: "count", aria: { label: say("unread", waiting) }, role: "img" }, String(waiting)) : null,
    );
  };
  const focused = box.contains(document.activeElement);
  fill(box, topicsOf(chat).map(tab));
  if (focused) box.querySelector("[aria-selected=true]")?.focus();
}

export function attachTopics() {
  byId("topics").addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step) return;
    const tabs = [...byId("topics").children];
    const next = tabs[tabs.indexOf(document.activeElement) + step];
    next?.focus();
    next?.click();
  });
}

/** What the bot is about to write; nothing tells of its end but a message or thirty quiet seconds. */
function drawDraft(chat) {
  const box = byId("draft");
  const draft = chat.type === "private" ? chat.drafts[0] : undefined;
  if (!draft) {
    box.hidden = true;
    box.replaceChildren();
    return;
  }
  const kept = drafts.get(draft.id);
  if (kept?.text !== draft.text) {
    drafts.set(draft.id, { text: draft.text, until: Date.now() + FADES });
    setTimeout(drawHead, FADES + 50);
  }
  box.hidden = drafts.get(draft.id).until < Date.now();
  const focused = box.contains(document.activeElement);
  const history = byId("history");
  const atEnd = history.scrollHeight - history.scrollTop - history.clientHeight < 80;
  const stop = draft.stoppable
    ? el("button", { type: "button", className: "key", onclick: () => act("stop", { person: state.person, draft: draft.id }) }, icon("stop"), say("stop"))
    : null;
  const nothing = { command: () => {}, link: () => {}, copy: (text) => navigator.clipboard.writeText(text) };
  box.replaceChildren(
    el("div", { className: "bubble" }, el("div", { className: "text" }, draft.text ? written(draft.text, draft.entities, nothing) : "…"), el("p", { className: "foot" }, say("live"))),
    ...(stop ? [stop] : []),
  );
  if (focused) stop?.focus();
  if (atEnd) history.scrollTop = history.scrollHeight;
}
