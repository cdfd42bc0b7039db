// The page as a whole: what happens, and who is told of it.

import { attachComposer, learnCommands, openComposer, showBelow } from "./composer.js";
import { attachDialogs } from "./dialogs.js";
import { byId, el, icon } from "./dom.js";
import { goTo } from "./doing.js";
import { attachTopics, drawHead, hasWritten, noteActions } from "./head.js";
import { announce, attachHistory, redraw, welcome } from "./history.js";
import { attachRing, badge, ring } from "./ring.js";
import { become, drawChats, drawPeople } from "./sidebar.js";
import { address, chatsOf, follow, forum, on, personOf, seen, state, take } from "./state.js";
import { act, listen } from "./wire.js";
import { label, say, speak, spoken } from "./words.js";

let ready = false;

function drawAll() {
  label();
  byId("language").textContent = say("language_short");
  drawBanner();
  drawHead();
  look();
  drawPeople();
  drawChats();
  redraw();
  openComposer();
}

function drawBanner() {
  const real = state.places.filter((place) => place.real).map((place) => place.name);
  const simulated = state.places.filter((place) => !place.real).map((place) => place.name);
  byId("banner-short").textContent = real.length ? say("short_real", real.join(", ")) : say("short");
  byId("banner-long").replaceChildren(
    el("p", {}, say("simulated", simulated)),
    el("p", {}, say("real")),
    ...real.map((name) => el("p", { className: "real" }, say("real_place", name))),
    el("p", {}, say("story")),
  );
}

/** What is on the screen has been seen, while somebody looks. */
function look() {
  if (document.visibilityState === "visible" && state.chat !== null) seen(state.person, state.chat, state.topic);
  badge();
}

function arrive() {
  const [person, chat, topic] = [state.person, state.chat, state.topic];
  follow(location.hash);
  if (ready && person === state.person && chat === state.chat && topic === state.topic) return;
  ready = true;
  const open = state.chats.get(state.chat);
  if (open && forum(open)) history.replaceState(null, "", address(state.person, state.chat, state.topic));
  tellLanguage();
  drawAll();
  if (state.chat !== null && !matchMedia("(pointer: coarse)").matches) byId("input").focus();
}

/** The bot answers in the language of one's Telegram, which is this page. */
function tellLanguage() {
  if (personOf(state.person)?.language_code !== spoken()) act("language", { person: state.person, language: spoken() });
}

function attach() {
  for (const node of document.querySelectorAll("[data-icon]")) node.append(icon(node.dataset.icon));
  attachDialogs();
  attachHistory();
  attachComposer();
  attachTopics();
  attachRing();
  byId("back").addEventListener("click", () => goTo(state.person, null));
  byId("as").addEventListener("change", (event) => become(Number(event.target.value)));
  byId("language").addEventListener("click", () => {
    speak(spoken() === "ru" ? "en" : "ru");
    tellLanguage();
    drawAll();
  });
  addEventListener("hashchange", arrive);
  document.addEventListener("visibilitychange", () => {
    look();
    drawChats();
  });
}

on("about", () => {
  if (!ready) return;
  drawHead();
  welcome();
  learnCommands();
});
on("people", () => (ready ? drawPeople() : null));
on("chats", () => {
  noteActions();
  if (ready) {
    drawHead();
    drawChats();
  }
});
on("messages", (added, _changed, fresh) => {
  if (fresh) {
    ready = false;
    arrive();
    return;
  }
  for (const message of added) if (message.from.is_bot) hasWritten(message.chat.id);
  const others = added.filter((message) => message.from.id !== state.person && !message.deleted);
  const here = new Set(chatsOf(state.person).map((chat) => chat.id));
  announce(others.filter((message) => here.has(message.chat.id)));
  ring(added);
  look();
  drawHead();
  drawChats();
  drawPeople();
  showBelow();
});

label();
attach();
listen(take, (lost) => (byId("lost").hidden = !lost));
