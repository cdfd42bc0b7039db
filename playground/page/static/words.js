// What the page itself says, in English and Russian. The bot's words are the bot's own.

const ENGLISH = {
  skip: "To the message field",
  demo: "Demo",
  about_demo: "About this demo",
  more: "more",
  less: "less",
  simulated: (names) => `Simulated: ${listed(["Telegram", ...names, "Prometheus", "the internet"])}.`,
  real: "Real: the bot, its SSH connections, everything it reads and decides.",
  real_place: (name) => `REAL and read-only: ${name}, this machine's own Docker.`,
  story: "Soon something breaks on server2: the alert comes to Ops. Acknowledge it, read the logs, restart.",
  short: "real bot, simulated servers",
  short_real: (name) => `real bot; ${name} is REAL, read-only; the rest is simulated`,
  lost: "The demo does not answer. Is it still running? Trying again …",
  people_and_chats: "People and chats",
  you_are: "You are",
  chats: "Chats",
  keys: "Keyboard: Tab between areas, ↑ from an empty field to the messages, ↑↓ among them, Enter to their buttons, Esc back.",
  language: "EN: the page speaks English, switch to Russian",
  language_short: "EN",
  sound: "Sound",
  back: "Back to chats",
  topics: "Topics",
  general: "General",
  messages: "Messages",
  newest: "To the newest message",
  commands: "Commands",
  message: "Message",
  send: "Send",
  ok: "OK",
  cancel: "Cancel",
  open: "Open",
  leave: "Leave this page for another?",
  download: "Download",
  close: "Close",
  admin: "admin",
  operator: "operator",
  viewer: "viewer",
  stranger: "stranger",
  bot: "bot",
  members: (n) => `${n} members and the bot`,
  typing: "typing …",
  starting: "the bot is starting …",
  today: "Today",
  edited: "edited",
  reply: "Reply",
  answering: (name) => `Reply to ${name}`,
  cancel_reply: "Do not reply",
  copy: "Copy text",
  copied: "Copied",
  copy_code: "Copy",
  actions: "Message actions",
  react: (emoji) => `React with ${emoji}`,
  reacted: (emoji, n) => `${emoji}, ${n}`,
  show_all: "Show all",
  show_less: "Show less",
  spoiler: "Hidden text: show",
  picture: "Picture",
  file: "File",
  read: "Open",
  too_long: "Only the beginning is shown; the download has everything.",
  live: "live, not sent yet",
  stop: "Stop",
  no_answer: "The bot did not answer in time.",
  silent: "without a sound",
  deleted: "deleted message",
  empty: "Nothing here yet. Try:",
  empty_group: "Nothing here yet.",
  unread: (n) => `${n} unread`,
  you: "you",
  joined: (name) => `${name} joined`,
  left: (name) => `${name} left`,
  pinned: "pinned a message",
  service: "service message",
  bytes: (n) => (n < 1024 ? `${n} B` : n < 1048576 ? `${Math.round(n / 1024)} KB` : `${(n / 1048576).toFixed(1)} MB`),
};

const RUSSIAN = {
  skip: "К полю сообщения",
  demo: "Демо",
  about_demo: "Об этом демо",
  more: "ещё",
  less: "свернуть",
  simulated: (names) => `Имитация: ${listed(["Telegram", ...names, "Prometheus", "интернет"])}.`,
  real: "Настоящее: бот, его SSH-соединения, всё, что он читает и решает.",
  real_place: (name) => `НАСТОЯЩИЙ, только чтение: ${name}, Docker этой машины.`,
  story: "Скоро на server2 что-то сломается: алерт придёт в Ops. Примите его, посмотрите логи, перезапустите.",
  short: "бот настоящий, серверы — имитация",
  short_real: (name) => `бот настоящий; ${name} — НАСТОЯЩИЙ, только чтение; остальное — имитация`,
  lost: "Демо не отвечает. Оно ещё запущено? Пробую снова …",
  people_and_chats: "Люди и чаты",
  you_are: "Вы",
  chats: "Чаты",
  keys: "Клавиатура: Tab между областями, ↑ из пустого поля к сообщениям, ↑↓ между ними, Enter к их кнопкам, Esc назад.",
  language: "RU: страница на русском, переключить на английский",
  language_short: "RU",
  sound: "Звук",
  back: "Назад к чатам",
  topics: "Темы",
  general: "Общее",
  messages: "Сообщения",
  newest: "К последнему сообщению",
  commands: "Команды",
  message: "Сообщение",
  send: "Отправить",
  ok: "OK",
  cancel: "Отмена",
  open: "Открыть",
  leave: "Перейти на другую страницу?",
  download: "Скачать",
  close: "Закрыть",
  admin: "админ",
  operator: "оператор",
  viewer: "наблюдатель",
  stranger: "посторонний",
  bot: "бот",
  members: (n) => `${n} ${plural(n, "участник", "участника", "участников")} и бот`,
  typing: "печатает …",
  starting: "бот запускается …",
  today: "Сегодня",
  edited: "изменено",
  reply: "Ответить",
  answering: (name) => `Ответ: ${name}`,
  cancel_reply: "Не отвечать",
  copy: "Скопировать текст",
  copied: "Скопировано",
  copy_code: "Копировать",
  actions: "Действия с сообщением",
  react: (emoji) => `Реакция ${emoji}`,
  reacted: (emoji, n) => `${emoji}, ${n}`,
  show_all: "Показать всё",
  show_less: "Свернуть",
  spoiler: "Скрытый текст: показать",
  picture: "Картинка",
  file: "Файл",
  read: "Открыть",
  too_long: "Показано только начало; в скачанном файле есть всё.",
  live: "в реальном времени, ещё не отправлено",
  stop: "Стоп",
  no_answer: "Бот не ответил вовремя.",
  silent: "без звука",
  deleted: "удалённое сообщение",
  empty: "Здесь пока пусто. Попробуйте:",
  empty_group: "Здесь пока пусто.",
  unread: (n) => `${n} ${plural(n, "непрочитанное", "непрочитанных", "непрочитанных")}`,
  you: "вы",
  joined: (name) => `В чате: ${name}`,
  left: (name) => `Больше не в чате: ${name}`,
  pinned: "закреплено сообщение",
  service: "служебное сообщение",
  bytes: (n) => (n < 1024 ? `${n} Б` : n < 1048576 ? `${Math.round(n / 1024)} КБ` : `${(n / 1048576).toFixed(1)} МБ`),
};

const CATALOGUES = { en: ENGLISH, ru: RUSSIAN };
const KEPT = "vakhta.language";

let language = localStorage.getItem(KEPT) ?? (navigator.language.toLowerCase().startsWith("ru") ? "ru" : "en");

const listed = (names) => new Intl.ListFormat(language).format(names);

function plural(n, one, few, many) {
  if (n % 10 === 1 && n % 100 !== 11) return one;
  return n % 10 >= 2 && n % 10 <= 4 && (n % 100 < 12 || n % 100 > 14) ? few : many;
}

export const spoken = () => language;

export function speak(other) {
  language = other;
  localStorage.setItem(KEPT, other);
}

/** The word, or what the words make of these facts. */
export function say(key, ...facts) {
  const found = CATALOGUES[language][key];
  return typeof found === "function" ? found(...facts) : found;
}

/** Puts the words into everything that names some. */
export function label(root = document) {
  document.documentElement.lang = language;
  for (const node of root.querySelectorAll("[data-words]")) node.textContent = say(node.dataset.words);
  for (const node of root.querySelectorAll("[data-words-label]")) {
    node.setAttribute("aria-label", say(node.dataset.wordsLabel));
    if (node.matches("button, a")) node.title = say(node.dataset.wordsLabel);
  }
  for (const node of root.querySelectorAll("[data-words-placeholder]")) {
    node.placeholder = say(node.dataset.wordsPlaceholder);
  }
}

export const clock = (seconds) =>
  new Date(seconds * 1000).toLocaleTimeString(language, { hour: "2-digit", minute: "2-digit", hour12: false });

export function day(seconds) {
  const moment = new Date(seconds * 1000);
  if (moment.toDateString() === new Date().toDateString()) return say("today");
  return moment.toLocaleDateString(language, { day: "numeric", month: "long" });
}
