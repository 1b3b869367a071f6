// What goes wrong: presets, a switch for each fault that lasts, a button for what happens once.

import { listen, orders } from "/page/feed.js";
import { ONCE, PRESETS, SWITCHES } from "/page/fault_list.js";
import { byId, make, mark, say, toggle } from "/page/text.js";

/** Show them, and which are on. */
export function showFaults() {
  const touched = new Set(); // the feed tells a little later that they are on
  const switches = SWITCHES.map(({ words, on, off }, index) => {
    const element = toggle(words, (isOn) => {
      touched.add(index);
      orders([isOn ? on : off]);
    });
    byId("switches").append(make("li", {}, element));
    return element;
  });
  for (const [name, words, list] of ONCE) {
    const button = make("button", { type: "button", "aria-label": `${name}: ${words}` }, name);
    button.addEventListener("click", () => orders(list));
    byId("once").append(make("li", { className: "once" }, button, make("span", {}, words)));
  }
  for (const [name, words, list] of PRESETS) {
    const button = make(
      "button",
      { type: "button", className: "preset" },
      make("strong", {}, name),
      make("span", {}, words),
    );
    button.addEventListener("click", () => orders(list));
    byId("presets").append(button);
  }
  byId("well").addEventListener("click", () => {
    const cure = [["clear", {}]];
    for (const [index, { off }] of SWITCHES.entries()) {
      // What `clear` does not know: settings, not faults.
      if (["lives", "lost_status", "error_body", "device"].includes(off[0])) {
        const isOn = switches[index].getAttribute("aria-checked") === "true";
        if (isOn || touched.has(index)) cure.push(off);
      }
    }
    touched.clear();
    orders(cure);
  });
  listen(({ faults }) => {
    if (!faults) return;
    let count = 0;
    for (const [index, { isOn }] of SWITCHES.entries()) {
      const state = Boolean(isOn(faults));
      mark(switches[index], "aria-checked", state);
      count += state;
    }
    say(byId("active"), `${count} on`);
    byId("faults").dataset.active = count > 0;
  });
}
