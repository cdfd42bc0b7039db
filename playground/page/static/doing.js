// What one does here: going to a chat, saying something.

import { toast } from "./dialogs.js";
import { address, state } from "./state.js";
import { act } from "./wire.js";

export function goTo(person, chat, topic = null) {
  const there = address(person, chat, topic);
  if (location.hash !== there) location.hash = there;
}

/** Sends a message as the person that one is; whether it went. */
export async function say(text, { chat = state.chat, replyTo = null } = {}) {
  const body = { person: state.person, chat, text };
  if (replyTo) body.reply_to = replyTo;
  if (chat === state.chat && state.topic) body.topic = state.topic;
  try {
    await act("say", body);
    return true;
  } catch (error) {
    toast(error.message);
    return false;
  }
}
