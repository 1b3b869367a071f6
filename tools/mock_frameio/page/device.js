// The device: its case, what is done to it, and what it sees.

import { boardFacts } from "/page/cards.js";
import { draw } from "/page/display.js";
import { listen, now, order } from "/page/feed.js";
import { look, shine } from "/page/light.js";
import { byId, bytes, clean, make, mark, say, toggle } from "/page/text.js";

const HEARTBEAT_MS = 15_000;
const LOOK_MS = 250;
const YES_NO = { true: "Yes", false: "No", null: "checking" };
const NOTHING = { power: false, wifi: true, display: true, line: null, screen: null, memory: null };
const facts = { ...NOTHING };
const rows = {};
const switches = {};

/** Show the board that the feed tells of. */
export function showDevice() {
  for (const button of document.querySelectorAll("[data-action]")) {
    button.addEventListener("click", () => order("board", { action: button.dataset.action }));
  }
  byId("knob").addEventListener("click", () => order("board", { action: "press" }));
  addSwitch("power", "Power", "power_on", "power_off");
  addSwitch("wifi", "Wi-Fi in range", "wifi_in_range", "wifi_out_of_range");
  addSwitch("display", "Display plugged in", "plug_display", "unplug_display");
  for (const [key, words] of [
    ["state", "State"],
    ["reason", "Reason"],
    ["connected", "Connected"],
    ["paused", "Paused"],
    ["project", "Project"],
    ["beat", "Next heartbeat"],
    ["memory", "Memory"],
  ]) {
    rows[key] = make("dd", {}, "–");
    byId("facts").append(make("div", {}, make("dt", {}, words), rows[key]));
  }
  listen((batch) => {
    let isTold = false;
    if (batch.isFirst) {
      Object.assign(facts, NOTHING);
      byId("board").hidden = true;
      byId("no-board").hidden = false;
    }
    for (const key of Object.keys(facts)) {
      if (`board_${key}` in batch) {
        facts[key] = batch[`board_${key}`];
        isTold = true;
      }
    }
    if (isTold) update();
    if (batch.edges.length || batch.isFirst) shine(batch.edges, batch.isFirst);
  });
  setInterval(() => {
    if (document.hidden) return;
    look();
    say(rows.beat, nextBeat());
  }, LOOK_MS);
}

function addSwitch(key, words, on, off) {
  switches[key] = toggle(words, (isOn) => order("board", { action: isOn ? on : off }));
  byId("surroundings").append(switches[key]);
}

function update() {
  byId("board").hidden = false;
  byId("no-board").hidden = true;
  for (const [key, element] of Object.entries(switches)) mark(element, "aria-checked", facts[key]);
  draw(facts.screen, facts.display, facts.power);
  const { line } = facts;
  byId("board").dataset.state = line?.state ?? "off";
  say(rows.state, line ? clean(line.state.replace("_", " ")) : facts.power ? "starting" : "off");
  say(rows.reason, line ? reason(line) : "–");
  say(rows.connected, line ? YES_NO[line.connected] : "–");
  say(rows.paused, line ? YES_NO[line.paused] : "–");
  say(rows.project, clean(line?.project ?? "–"));
  say(rows.beat, nextBeat());
  say(rows.memory, memory());
}

function reason({ reason: word, words }) {
  if (!word) return "none";
  return words ? `${clean(words[0])}. ${clean(words[1])}.` : clean(word);
}

function memory() {
  const { used, free } = facts.memory ?? {};
  return used ? `${bytes(used)} used of ${bytes(used + free)}` : "–";
}

function nextBeat() {
  const isJoined = facts.power && ["online", "paused"].includes(facts.line?.state);
  const { online, heartbeat_ms: beat_ms } = boardFacts() ?? {};
  if (!isJoined || !online) return "–";
  if (beat_ms === null) return "soon"; // the first comes 3 s after the connection
  const left_s = (beat_ms + HEARTBEAT_MS - now()) / 1000;
  return left_s > 0 ? `in ${Math.ceil(left_s)} s` : "now";
}
