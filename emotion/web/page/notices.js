// What the page says: the state of the connection, a card over the picture, where pictures go.

const $ = (id) => document.getElementById(id);

/** `state` is one of connection.js's; `reason` is the server's word for it, if it said one. */
export function showConnection(state, reason) {
  const text = {
    open: "Connected",
    lost: reason ? `Connection lost (${reason}); trying again…` : "Connection lost; trying again…",
    full: "Too many visitors; trying again…",
    refused: "Open the address that the server printed",
    elsewhere: "Went on in another tab",
    ended: "The video has ended",
  }[state];
  setStatus(state, text);
  document.title = state === "open" ? "Emotions, live" : `${text} · Emotions`;
}

export function setStatus(state, text) {
  $("status").dataset.state = state;
  $("status").textContent = text;
}

/** Shows a card over the picture, with a button of that label that does `action`, if there is something to do. */
export function showCard(title, text, label, action) {
  $("card-title").textContent = title;
  $("card-text").textContent = text;
  $("card-action").hidden = !label;
  $("card-action").textContent = label ?? "";
  $("card-action").onclick = action;
  $("card").hidden = false;
}

export function hideCard() {
  $("card").hidden = true;
}

export function showPrivacy() {
  const here = ["localhost", "127.0.0.1", "[::1]"].includes(location.hostname);
  $("privacy").textContent = here
    ? "Nothing leaves this machine: no picture, no result, no request to anywhere else."
    : `Pictures go to ${location.host} and nowhere else.`;
}
