// What comes over the chat: a toast, an alert to be closed, a way out, a file or a picture to look at.

import { byId, el } from "./dom.js";
import { downloadAt, fileAt } from "./wire.js";
import { say } from "./words.js";

const TOAST = 4500; // ms
const MOST_READ = 400_000; // characters of a file that are shown

export function toast(text) {
  const node = el("p", { className: "toast" }, text);
  byId("toasts").append(node);
  setTimeout(() => node.remove(), TOAST);
}

export function inform(text) {
  byId("alert-text").textContent = text;
  byId("alert").showModal();
}

export function leave(url) {
  if (!/^(https?|mailto):/i.test(url)) return;
  byId("leave-address").textContent = url;
  byId("leave-link").href = url;
  byId("leave").showModal();
}

export async function readFile(document_) {
  const answer = await fetch(downloadAt(document_.file_id));
  const text = await answer.text();
  const body = el("pre", {}, text.slice(0, MOST_READ));
  const rest = text.length > MOST_READ ? el("p", { className: "quiet" }, say("too_long")) : null;
  open(document_.file_name, document_.file_id, [body, rest]);
}

export function showPicture(photo, caption) {
  open(caption || say("picture"), photo.file_id, [el("img", { src: fileAt(photo.file_id), alt: caption || say("picture") })]);
}

function open(title, id, content) {
  byId("viewer-title").textContent = title;
  byId("viewer-download").href = downloadAt(id);
  byId("viewer-body").replaceChildren(...content.filter(Boolean));
  byId("viewer").showModal();
  byId("viewer-body").scrollTop = 0;
}

export function attachDialogs() {
  byId("leave-link").addEventListener("click", () => byId("leave").close());
  for (const dialog of document.querySelectorAll("dialog")) {
    dialog.addEventListener("click", (event) => {
      if (event.target === dialog) dialog.close(); // beside it
    });
  }
}
