// The way to the server: what happens comes as server-sent events, what one does goes out as JSON.

/** `tell(news, fresh)`: fresh, when the server begins from the start. `lost(whether)`: the contact. */
export function listen(tell, lost) {
  const source = new EventSource("/api/live");
  let fresh = true;
  source.addEventListener("open", () => {
    fresh = true;
    lost(false);
  });
  source.addEventListener("error", () => lost(true));
  source.addEventListener("message", (event) => {
    tell(JSON.parse(event.data), fresh);
    fresh = false;
  });
}

/** An act of a person. Throws an Error that says what the server had against it. */
export async function act(name, body) {
  const answer = await fetch(`/api/${name}`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  return read(answer);
}

export async function commands(person, chat) {
  return read(await fetch(`/api/commands?person=${person}&chat=${chat}`));
}

async function read(answer) {
  const found = await answer.json();
  if (!answer.ok) throw new Error(found.error);
  return found;
}

export const fileAt = (id) => `/files/${encodeURIComponent(id)}`;
export const downloadAt = (id) => `${fileAt(id)}?download`;
