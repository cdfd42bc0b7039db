// A sound and a badge for what rings: new messages of others that are not silent. Edits never do.

import { byId, icon } from "./dom.js";
import { chatsOf, state, unread } from "./state.js";
import { say } from "./words.js";

const KEPT = "vakhta.sound";
let wanted = localStorage.getItem(KEPT) !== "off";
let audio = null;

export function attachRing() {
  const button = byId("sound");
  const draw = () => {
    button.setAttribute("aria-pressed", String(wanted));
    button.replaceChildren(icon(wanted ? "sound" : "silent"));
  };
  button.addEventListener("click", () => {
    wanted = !wanted;
    localStorage.setItem(KEPT, wanted ? "on" : "off");
    draw();
    if (wanted) beep();
  });
  draw();
  // A browser lets a page sound only after its person has touched it.
  for (const kind of ["pointerup", "keydown"]) addEventListener(kind, open);
}

function open() {
  if (!audio && navigator.userActivation.hasBeenActive) audio = new AudioContext();
}

/** These have just come. */
export function ring(messages) {
  const here = new Set(chatsOf(state.person).map((chat) => chat.id));
  if (wanted && messages.some((message) => rings(message) && here.has(message.chat.id))) beep();
}

const rings = (message) => message.from.id !== state.person && !message.silent && !message.deleted;

function beep() {
  if (audio?.state !== "running") return;
  [660, 880].forEach((pitch, index) => {
    const at = audio.currentTime + index * 0.13;
    const tone = new OscillatorNode(audio, { type: "sine", frequency: pitch });
    const loudness = new GainNode(audio, { gain: 0 });
    loudness.gain.setValueAtTime(0, at);
    loudness.gain.linearRampToValueAtTime(0.09, at + 0.015);
    loudness.gain.exponentialRampToValueAtTime(0.0001, at + 0.32);
    tone.connect(loudness).connect(audio.destination);
    tone.start(at);
    tone.stop(at + 0.34);
  });
}

/** The title and the icon of the tab tell how many that ring wait for the person. */
export function badge() {
  const waiting = chatsOf(state.person).flatMap((chat) => unread(state.person, chat.id).filter(rings)).length;
  document.title = waiting ? `(${waiting}) Vakhta` : "Vakhta";
  byId("icon").href = waiting ? "/static/ringing.svg" : "/static/calm.svg";
  byId("icon").title = waiting ? say("unread", waiting) : "";
}
