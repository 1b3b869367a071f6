// Text and elements. All that comes from outside becomes a text node, and nothing else.

const LONGEST_NAME = 80;
// Controls, and characters that reorder what stands around them.
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

/** A text from outside: one line that can neither control nor reorder anything. */
export function clean(text, longest = LONGEST_NAME) {
  const whole = String(text ?? "").replace(UNPRINTABLE, "\ufffd");
  const letters = [...whole.slice(0, 2 * longest)];
  return letters.length > longest ? letters.slice(0, longest).join("") + "…" : whole;
}

/** An element. fields: properties, or attributes where the name has a dash or is `role`. */
export function make(tag, fields = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(fields)) {
    if (name.includes("-") || name === "role") element.setAttribute(name, value);
    else element[name] = value;
  }
  element.append(...children);
  return element;
}

/** Set a text if it is another one, so that nothing is laid out again in vain. */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Set an attribute or, with null, remove it, if that changes something. */
export function mark(element, name, value) {
  if (value === null) element.removeAttribute(name);
  else if (element.getAttribute(name) !== String(value)) element.setAttribute(name, value);
}

export const byId = (id) => document.getElementById(id);

/** 75.3 → "1:15.3" */
export function clockTime(ms) {
  const seconds = ms / 1000;
  const rest = (seconds % 60).toFixed(1).padStart(4, "0");
  return `${Math.floor(seconds / 60)}:${rest}`;
}

/** Bytes as people read them. */
export function bytes(count) {
  return count < 1 << 20 ? `${Math.round(count / 1024)} KiB` : `${(count / (1 << 20)).toFixed(1)} MiB`;
}

/** A switch: a button that is on or off, with its words. */
export function toggle(words, onChange) {
  const button = make("button", { type: "button", className: "switch", role: "switch" });
  mark(button, "aria-checked", "false");
  button.append(make("span", { className: "track", "aria-hidden": "true" }), words);
  button.addEventListener("click", () => onChange(button.getAttribute("aria-checked") !== "true"));
  return button;
}
