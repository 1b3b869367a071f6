// The live feed from the mock, and orders to it.

import { byId, clean, say } from "/page/text.js";

const AGAIN_MS = 3000;
const ORDER_MS = 10_000;
const RESTARTED_MS = 500; // a clock that went back by so much is another mock's
const listeners = [];
let source = null;
let ahead_ms = 0; // the mock's clock minus this page's
let wasLost = false;
let lastOrder = Promise.resolve();

/** Have function(batch) called with each batch; see page_feed.py for what is in one. */
export function listen(listener) {
  listeners.push(listener);
}

/** Now, on the mock's clock, in milliseconds. */
export function now() {
  return performance.now() + ahead_ms;
}

/** Follow the feed while the page is seen: a hidden one costs the mock nothing. */
export function start() {
  document.addEventListener("visibilitychange", () => (document.hidden ? stop() : open()));
  open();
}

function stop() {
  source?.close();
  source = null;
}

function open() {
  if (source || document.hidden) return;
  source = new EventSource("/feed");
  let isFirst = true;
  source.addEventListener("open", () => (isFirst = true));
  source.addEventListener("error", lost);
  source.addEventListener("message", (event) => {
    const batch = JSON.parse(event.data);
    const found_ms = batch.now_ms - performance.now();
    if (isFirst) tellLink(greeting(found_ms), "live");
    // The batch with the least delay on its way knows best.
    if (isFirst || found_ms > ahead_ms) ahead_ms = found_ms;
    batch.isFirst = isFirst;
    isFirst = false;
    for (const listener of listeners) listener(batch);
  });
}

function greeting(found_ms) {
  if (!wasLost) return "Live";
  wasLost = false;
  return found_ms < ahead_ms - RESTARTED_MS ? "Live again: the mock was restarted" : "Live again";
}

function lost() {
  wasLost = true;
  if (source?.readyState !== EventSource.CLOSED) {
    tellLink("The mock is gone; waiting for it", "gone");
    return;
  }
  // It answers, but not with the feed: the browser would not ask again.
  tellLink("The mock refuses this page: open the address that it printed", "gone");
  source = null;
  setTimeout(open, AGAIN_MS);
}

function tellLink(words, state) {
  byId("link").dataset.state = state;
  say(byId("link"), words);
}

/** Give the mock an order, behind those before; true if it was taken, else the notice says why not. */
export function order(name, body = {}) {
  lastOrder = lastOrder.then(() => send(name, body));
  return lastOrder;
}

async function send(name, body) {
  let sentence = "";
  try {
    const answer = await fetch(`/control/${name}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(ORDER_MS),
    });
    if (!answer.ok) sentence = (await answer.json()).error;
  } catch {
    sentence = "the mock does not answer";
  }
  const notice = byId("notice");
  notice.hidden = !sentence;
  say(notice, sentence && `Not done: ${clean(sentence, 300)}`);
  return !sentence;
}

/** Give orders one after the other, as [name, body], until one is not taken. */
export async function orders(list) {
  for (const [name, body] of list) if (!(await order(name, body))) return;
}
