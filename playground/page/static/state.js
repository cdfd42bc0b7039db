// What the page knows: who there is, which chats, what was said; and who looks at what.

export const state = {
  bot: { id: 0, name: "Vakhta", username: "" },
  places: [],
  awake: false, // whether the bot has come
  people: [],
  chats: new Map(), // id → chat
  messages: new Map(), // chat id → (message id → message)
  person: null, // who one is
  chat: null, // the chat that is open; null: the list, on a phone
  topic: 0, // 0: General, or there are none
};

const read = new Map(); // "person/chat/topic" → the newest message that was seen
const listeners = new Map();

export function on(name, listener) {
  if (!listeners.has(name)) listeners.set(name, []);
  listeners.get(name).push(listener);
}

export function emit(name, ...facts) {
  for (const listener of listeners.get(name) ?? []) listener(...facts);
}

/** Takes what the server tells. Emits "people", "chats", "messages" (what is new, what has changed, whether all is). */
export function take(news, fresh) {
  if (fresh) {
    state.messages.clear();
    state.chats.clear();
  }
  if (news.about) {
    state.bot = news.about.bot;
    state.places = news.about.places;
    state.awake = news.about.awake;
    emit("about");
  }
  if (news.people) {
    state.people = news.people;
    emit("people");
  }
  if (news.chats) {
    for (const chat of news.chats) state.chats.set(chat.id, chat);
    emit("chats");
  }
  const [added, changed] = [[], []];
  for (const message of news.messages ?? []) {
    const kept = messagesOf(message.chat.id);
    (kept.has(message.message_id) ? changed : added).push(message);
    kept.set(message.message_id, message);
  }
  if (fresh) for (const chat of state.chats.values()) for (const each of state.people) for (const topic of topicsOf(chat)) seen(each.id, chat.id, topic);
  if (fresh || added.length || changed.length) emit("messages", added, changed, fresh);
}

export function messagesOf(chat) {
  if (!state.messages.has(chat)) state.messages.set(chat, new Map());
  return state.messages.get(chat);
}

export const topicOf = (message) => (message.is_topic_message ? message.message_thread_id : 0);

/** The messages on the screen, oldest first. */
export function shown() {
  const chat = state.chats.get(state.chat);
  if (!chat) return [];
  const all = [...messagesOf(chat.id).values()].filter((message) => !message.deleted);
  return forum(chat) ? all.filter((message) => topicOf(message) === state.topic) : all;
}

export const forum = (chat) => Object.keys(chat.topics).length > 0;

/** Of a forum, General first; a chat without topics has that one alone. */
export const topicsOf = (chat) => [0, ...Object.keys(chat.topics).map(Number)];

/** The chats that a person sees: the private one, and the groups. */
export const chatsOf = (person) => [...state.chats.values()].filter((chat) => chat.members.includes(person));

export const personOf = (id) => state.people.find((each) => each.id === id);

export function nameOf(sender) {
  return sender.id === state.person ? null : sender.first_name;
}

/** From now on all that is there has been seen by the person. */
export function seen(person, chat, topic) {
  const newest = Math.max(0, ...messagesOf(chat).keys());
  read.set(`${person}/${chat}/${topic}`, newest);
}

/** What others have written in the chat since the person was there; in one topic, or in all. */
export function unread(person, chat, topic = null) {
  return [...messagesOf(chat).values()].filter((message) => {
    const within = message.deleted ? 0 : topicOf(message);
    const last = read.get(`${person}/${chat}/${within}`) ?? 0;
    return message.message_id > last && !message.deleted && message.from.id !== person && (topic ?? within) === within;
  });
}

/** Where one wants to be in a forum: where something new waits, else where it was written last. */
function liveliest(person, chat) {
  const waiting = unread(person, chat.id);
  const messages = waiting.length ? waiting : [...messagesOf(chat.id).values()].filter((message) => !message.deleted);
  return messages.length ? topicOf(messages.at(-1)) : 0;
}

/** Where one is, in the address, so that a tab can be reloaded, and a phone's Back works. */
export function follow(address) {
  const place = new URLSearchParams(address.replace(/^#/, ""));
  const person = Number(place.get("as"));
  state.person = personOf(person) ? person : (state.people[0]?.id ?? null);
  const chat = place.has("chat") ? Number(place.get("chat")) : state.person;
  const known = chatsOf(state.person).some((each) => each.id === chat);
  state.chat = chat === 0 ? null : known ? chat : state.person;
  const open = state.chats.get(state.chat);
  const topic = place.has("topic") ? Number(place.get("topic")) : null;
  state.topic = !open || !forum(open) ? 0 : topicsOf(open).includes(topic) ? topic : liveliest(state.person, open);
}

/** topic: null where there are none, or for the liveliest. */
export const address = (person, chat, topic = null) =>
  `#as=${person}&chat=${chat ?? 0}${topic === null ? "" : `&topic=${topic}`}`;
