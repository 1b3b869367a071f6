// Connection cards, as Frame.io's panel has them.

import { listen, order } from "/page/feed.js";
import { byId, clean, make, mark, say } from "/page/text.js";

const SURE_MS = 4000;
const cards = new Map(); // by device id

/** Keep a card for each device that the feed tells of. */
export function showCards() {
  listen(({ cards: changed, gone, isFirst }) => {
    if (isFirst) {
      const told = new Set(changed.map(({ id }) => id));
      for (const id of [...cards.keys()]) if (!told.has(id)) drop(id);
    }
    for (const facts of changed) {
      if (!cards.has(facts.id)) cards.set(facts.id, new Card(facts.id));
      cards.get(facts.id).update(facts);
    }
    for (const id of gone) drop(id);
    const paired = [...cards.values()].filter(({ facts }) => !facts.removed);
    say(byId("count"), String(paired.length));
    byId("no-cards").hidden = paired.length > 0;
  });
}

/** What Frame.io knows of the virtual board's device; undefined: nothing. */
export function boardFacts() {
  return [...cards.values()].find(({ facts }) => facts.is_board)?.facts;
}

function drop(id) {
  cards.get(id)?.leave();
  cards.delete(id);
}

class Card {
  constructor(id) {
    this.id = id;
    this.facts = {};
    this.isRemoved = false;
    this.status = make("span", { className: "status" });
    this.name = make("h4", { dir: "auto" });
    this.project = make("bdi");
    this.creator = make("bdi");
    this.expiry = make("span");
    this.uploads = make("ul", { className: "uploads" });
    this.uploadsTitle = make("summary");
    this.pause = make("button", { type: "button" });
    this.pause.addEventListener("click", () => {
      order(this.facts.paused ? "resume" : "pause", { device_id: this.id });
    });
    this.fate = make("p", { className: "hint", hidden: true }, "Its next call tells the device; until then it looks as before.");
    this.controls = [make("div", { className: "row" }, this.pause, this.removeButton()), this.editor()];
    this.element = make(
      "li",
      { className: "card" },
      make("div", { className: "card-head" }, this.name, this.status),
      make(
        "dl",
        {},
        make("div", {}, make("dt", {}, "Project"), make("dd", {}, this.project)),
        make("div", {}, make("dt", {}, "Paired by"), make("dd", {}, this.creator)),
        make("div", {}, make("dt", {}, "Expires"), make("dd", {}, this.expiry)),
      ),
      this.fate,
      ...this.controls,
      make("details", {}, this.uploadsTitle, this.uploads),
    );
    byId("cards").append(this.element);
  }

  update(facts) {
    this.facts = facts;
    const name = clean(facts.name);
    const words = (facts.online ? "Online" : "Offline") + (facts.paused ? " · Paused" : "");
    if (facts.removed !== this.isRemoved) this.showRemoved(facts.removed);
    say(this.name, name);
    say(this.status, facts.removed ? "Removed" : words);
    mark(this.element, "data-online", facts.online);
    mark(this.element, "data-paused", facts.paused && !facts.removed);
    if (!this.editing.open) this.newProject.value = facts.project ?? "";
    say(this.project, clean(facts.project ?? "none"));
    say(this.creator, clean(facts.creator ?? "unknown"));
    say(this.expiry, facts.expires_at ? clean(facts.expires_at.replace("T", " "), 30) : "never");
    say(this.pause, facts.paused ? "Resume" : "Pause");
    mark(this.pause, "aria-label", `${facts.paused ? "Resume" : "Pause"} ${name}`);
    mark(this.remove, "aria-label", `${this.remove.textContent} ${name}`);
    const known = JSON.stringify(facts.uploads);
    if (known === this.known) return;
    this.known = known;
    say(this.uploadsTitle, `Uploads: ${facts.uploads.length || "none yet"}`);
    this.uploads.replaceChildren(
      ...[...facts.uploads].reverse().map(({ name: file, status }) =>
        make(
          "li",
          {},
          make("bdi", {}, clean(file)),
          status === 200 ? " arrived" : " refused: made during a pause (409)",
        ),
      ),
    );
  }

  showRemoved(isRemoved) {
    this.isRemoved = isRemoved;
    if (isRemoved) this.leaveFocus();
    for (const element of this.controls) element.hidden = isRemoved;
    this.fate.hidden = !isRemoved;
  }

  leave() {
    this.leaveFocus();
    this.element.remove();
  }

  /** So that who works by keyboard does not begin again at the top of the page. */
  leaveFocus() {
    if (this.element.contains(document.activeElement)) byId("cards-heading").focus();
  }

  removeButton() {
    const button = make("button", { type: "button", className: "quiet danger" }, "Remove");
    let timer = 0;
    const relax = () => {
      clearTimeout(timer);
      timer = 0;
      this.label(button, "Remove");
    };
    button.addEventListener("click", () => {
      if (timer) {
        relax();
        order("remove_device", { device_id: this.id });
      } else {
        this.label(button, "Really remove?");
        timer = setTimeout(relax, SURE_MS);
      }
    });
    this.remove = button;
    return button;
  }

  label(button, words) {
    say(button, words);
    mark(button, "aria-label", `${words} ${clean(this.facts.name)}`);
  }

  editor() {
    const project = make("input", { type: "text", maxLength: 500 });
    const expiry = make("input", { type: "datetime-local" });
    const field = (words, input, action, send) => {
      const button = make("button", { type: "submit" }, action);
      const form = make("form", { className: "row" }, make("label", {}, words, input), button);
      form.addEventListener("submit", (event) => {
        event.preventDefault();
        send(input.value);
      });
      return form;
    };
    const set = (change) => order("device", { device_id: this.id, ...change });
    const never = make("button", { type: "button", className: "quiet" }, "Never expires");
    never.addEventListener("click", () => set({ expires_at: null }));
    const details = make(
      "details",
      {},
      make("summary", {}, "Edit"),
      field("Project", project, "Rename", (value) => set({ project: value })),
      field("Expires (UTC)", expiry, "Set", (value) => value && set({ expires_at: `${value}:00Z` })),
      never,
    );
    this.newProject = project;
    this.editing = details;
    return details;
  }
}
