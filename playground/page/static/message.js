// One message → its element.

import { copy, followLink, keyboardOf } from "./buttons.js";
import { readFile, showPicture } from "./dialogs.js";
import { el, face, hue, icon } from "./dom.js";
import { say as speak } from "./doing.js";
import { emit, messagesOf, state } from "./state.js";
import { written } from "./text.js";
import { act, downloadAt, fileAt } from "./wire.js";
import { clock, say } from "./words.js";

const EMOJIS = ["👍", "👀", "🔥", "🙏", "👌"];
const EXCERPT = 90;
const on = { command: (text) => speak(text), link: followLink, copy };

/** `joined`: it goes on where the message before it ended, of the same sender. */
export function article(message, joined) {
  const service = serviceOf(message);
  if (service) return el("article", { className: "service", tabIndex: -1, data: { id: message.message_id } }, el("p", {}, service));
  const mine = message.from.id === state.person;
  const group = message.chat.id < 0;
  const head = group && !mine && !joined ? el("p", { className: `sender ink-${hue(message.from.id)}` }, message.from.first_name) : null;
  const bubble = el(
    "div",
    { className: "bubble" },
    head,
    answered(message),
    picture(message),
    card(message),
    body(message),
    foot(message),
  );
  return el(
    "article",
    {
      className: ["message", mine ? "mine" : "theirs", joined ? "joined" : "", message.reply_markup ? "keyed" : ""].join(" "),
      tabIndex: -1,
      data: { id: message.message_id },
      aria: { label: labelOf(message) },
    },
    group && !mine ? el("div", { className: "face-place" }, joined ? null : face(message.from.id, message.from.first_name, message.from.is_bot)) : null,
    el("div", { className: "column" }, bubble, keyboardOf(message), reactions(message)),
  );
}

function labelOf(message) {
  const who = message.from.id === state.person ? say("you") : message.from.first_name;
  return `${who}, ${clock(message.date)}`;
}

export function excerpt(message) {
  if (!message || message.deleted) return say("deleted");
  const text = (message.text ?? message.caption ?? "").replace(/\s+/g, " ");
  const what = message.photo ? say("picture") : message.document?.file_name;
  const whole = [what, text].filter(Boolean).join(" · ");
  return (whole.length > EXCERPT ? `${whole.slice(0, EXCERPT).trimEnd()}…` : whole) || serviceOf(message) || "";
}

function serviceOf(message) {
  const names = (people) => people.map((each) => each.first_name).join(", ");
  if (message.new_chat_members) return say("joined", names(message.new_chat_members));
  if (message.left_chat_member) return say("left", message.left_chat_member.first_name);
  if (message.pinned_message) return `${message.from.first_name}: ${say("pinned")}`;
  const said = message.text || message.caption || message.photo || message.document;
  return said ? null : say("service");
}

function body(message) {
  const text = message.text ?? message.caption;
  if (!text) return null;
  return el("div", { className: "text" }, written(text, message.entities ?? message.caption_entities, on));
}

function answered(message) {
  const first = message.reply_to_message;
  if (!first) return null;
  const now = messagesOf(message.chat.id).get(first.message_id) ?? first;
  return el(
    "button",
    { type: "button", className: `answered ink-${hue(first.from.id)}`, onclick: () => emit("jump", first.message_id) },
    el("strong", {}, first.from.id === state.person ? say("you") : first.from.first_name),
    el("span", {}, excerpt(now)),
  );
}

function picture(message) {
  const photo = message.photo?.at(-1);
  if (!photo) return null;
  const image = el("img", { src: fileAt(photo.file_id), alt: message.caption || say("picture"), width: photo.width || 640, height: photo.height || 480 });
  return el("button", { type: "button", className: "picture", onclick: () => showPicture(photo, message.caption), aria: { label: say("picture") } }, image);
}

function card(message) {
  const file = message.document;
  if (!file) return null;
  const readable = /^(text\/|application\/(json|x-ndjson|xml))/.test(file.mime_type) || /\.(log|txt|md|csv|jsonl?|ya?ml)$/i.test(file.file_name);
  const open = readable ? el("button", { type: "button", className: "file-open", onclick: () => readFile(file) }, say("read")) : null;
  return el(
    "div",
    { className: "file" },
    el("span", { className: "file-mark", aria: { hidden: "true" } }, icon("file")),
    el("span", { className: "file-name" }, el("strong", {}, file.file_name), el("small", {}, say("bytes", file.file_size))),
    open,
    el("a", { className: "plain", href: downloadAt(file.file_id), download: file.file_name, title: say("download"), aria: { label: `${say("download")}: ${file.file_name}` } }, icon("download")),
  );
}

function foot(message) {
  const edited = message.edit_date ? `${say("edited")} ` : "";
  const quiet = message.silent ? el("span", { title: say("silent"), aria: { label: say("silent") }, role: "img" }, icon("silent")) : null;
  return el("div", { className: "foot" }, actions(message), quiet, edited, el("time", { dateTime: new Date(message.date * 1000).toISOString() }, clock(message.date)));
}

function reactions(message) {
  const found = Object.entries(message.reactions ?? {});
  if (!found.length) return null;
  return el(
    "div",
    { className: "reactions" },
    found.map(([emoji, who]) =>
      el(
        "button",
        { type: "button", className: "reaction", onclick: () => react(message, emoji), aria: { pressed: String(who.includes(state.person)), label: say("reacted", emoji, who.length) } },
        `${emoji} ${who.length}`,
      ),
    ),
  );
}

async function react(message, emoji) {
  const mine = message.reactions?.[emoji]?.includes(state.person);
  await act("react", { person: state.person, chat: message.chat.id, message: message.message_id, emojis: mine ? [] : [emoji] });
}

function actions(message) {
  const more = el("button", { type: "button", className: "more", title: say("actions"), aria: { label: say("actions"), haspopup: "menu", expanded: "false" } }, icon("more"));
  const choices = el("div", { className: "actions", role: "menu", hidden: true, aria: { label: say("actions") } });
  const item = (label, act_, ...content) =>
    el("button", { type: "button", role: "menuitem", tabIndex: -1, onclick: () => (close(), act_()), aria: { label } }, ...content);
  const fill = () =>
    choices.replaceChildren(
      el("div", { className: "emojis", role: "group" }, EMOJIS.map((emoji) => item(say("react", emoji), () => react(message, emoji), emoji))),
      item(say("reply"), () => emit("reply", message), icon("reply"), say("reply")),
      item(say("copy"), () => copy(message.text ?? message.caption ?? ""), icon("copy"), say("copy")),
    );
  const close = () => {
    choices.hidden = true;
    more.setAttribute("aria-expanded", "false");
    more.focus();
  };
  more.addEventListener("click", () => {
    if (!choices.hidden) return close();
    fill();
    choices.hidden = false;
    const at = more.getBoundingClientRect();
    choices.classList.toggle("left", at.left + choices.offsetWidth + 20 > innerWidth);
    choices.classList.toggle("up", at.bottom + choices.offsetHeight + 90 > innerHeight);
    more.setAttribute("aria-expanded", "true");
    choices.querySelector("[role=menuitem]").focus();
  });
  choices.addEventListener("keydown", (event) => {
    const items = [...choices.querySelectorAll("[role=menuitem]")];
    const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
    if (step) items.at((items.indexOf(document.activeElement) + step) % items.length).focus();
    else if (event.key === "Escape") close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  choices.addEventListener("focusout", (event) => {
    if (!choices.contains(event.relatedTarget) && event.relatedTarget !== more) {
      choices.hidden = true;
      more.setAttribute("aria-expanded", "false");
    }
  });
  return el("div", { className: "more-place" }, more, choices);
}
