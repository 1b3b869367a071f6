// The time line: what both sides did, on one scale, as a strip and as a list.

import { listen, now } from "/page/feed.js";
import { Strip } from "/page/strip.js";
import { byId, clean, clockTime, make, mark, say } from "/page/text.js";

const MOST_KEPT = 2000; // as many as the mock keeps
const MOST_SHOWN = 120;
const LONGEST_DETAIL = 2000;
const KINDS = {
  frame: "Frames",
  request: "Requests",
  state: "States",
  event: "Events",
  order: "Orders",
  log: "Log",
};
const KIND_OF = { answer: "request", end: "event", display: "event" };
const WAYS = {
  device: "Device → Frame.io",
  service: "Frame.io → Device",
  board: "Device",
  user: "You",
};

/** Show it. */
export function showTimeline() {
  const kept = [];
  const wanted = new Set(Object.keys(KINDS));
  const list = byId("rows");
  const filter = byId("filter");
  let isFrozen = false;
  let frozen_ms = 0;
  const strip = new Strip(byId("strip"), byId("tip"), kept, () => (isFrozen ? frozen_ms : now()));

  const isWanted = (row) => {
    if (isFrozen && row.t_ms > frozen_ms) return false;
    const words = filter.value.trim().toLowerCase();
    const isKind = wanted.has(KIND_OF[row.kind] ?? row.kind);
    return isKind && (!words || `${row.text} ${row.detail}`.toLowerCase().includes(words));
  };

  function add(rows) {
    const shown = rows.filter(isWanted).slice(-MOST_SHOWN);
    list.prepend(...shown.reverse().map(element));
    while (list.childElementCount > MOST_SHOWN) list.lastElementChild.remove();
  }

  function refill() {
    list.replaceChildren();
    add(kept);
  }

  for (const [kind, words] of Object.entries(KINDS)) {
    const button = make("button", { type: "button", className: "chip" }, words);
    mark(button, "aria-pressed", "true");
    button.addEventListener("click", () => {
      if (!wanted.delete(kind)) wanted.add(kind);
      mark(button, "aria-pressed", wanted.has(kind));
      refill();
    });
    byId("kinds").append(button);
  }
  filter.addEventListener("input", refill);
  byId("freeze").addEventListener("click", () => {
    isFrozen = !isFrozen;
    frozen_ms = now();
    mark(byId("freeze"), "aria-pressed", isFrozen);
    if (!isFrozen) refill();
  });
  byId("save").addEventListener("click", () => save(kept.filter(isWanted)));
  listen(({ rows, lost, isFirst }) => {
    if (isFirst) kept.length = 0;
    if (lost > 0 && kept.length) {
      rows.unshift({ t_ms: rows[0]?.t_ms ?? now(), sender: "user", kind: "log", text: `${lost} rows were too many`, detail: "" });
    }
    kept.push(...rows);
    kept.splice(0, Math.max(0, kept.length - MOST_KEPT));
    if (isFrozen) return;
    if (isFirst) strip.draw();
    if (isFirst) refill();
    else if (rows.length) add(rows);
  });
  strip.start();
}

function element({ t_ms, sender, kind, text, detail }) {
  const shown = clean(text, 200);
  const time = make("time", {}, clockTime(t_ms));
  const way = make("span", { className: "way" }, WAYS[sender] ?? "");
  const words = make("span", { className: "words", dir: "auto" }, shown);
  const row = make("li", { className: `from-${sender} kind-${kind}` });
  if (!detail) {
    row.append(make("div", { className: "line" }, time, way, words));
    return row;
  }
  const told = clean(detail, LONGEST_DETAIL);
  const line = make("summary", { className: "line", title: told.slice(0, 600) }, time, way, words);
  row.append(make("details", {}, line, make("pre", { dir: "auto" }, told)));
  return row;
}

function save(rows) {
  const text = rows.map((row) => JSON.stringify(row)).join("\n") + "\n";
  const address = URL.createObjectURL(new Blob([text], { type: "application/jsonl" }));
  make("a", { href: address, download: "pilotlight-timeline.jsonl" }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
  say(byId("save"), `Saved ${rows.length} rows`);
  setTimeout(() => say(byId("save"), "Save as JSON lines"), 2000);
}
