// The light: its edges as they were recorded become an animation in CSS, with the same timing.

import { now } from "/page/feed.js";
import { byId, mark, say } from "/page/text.js";

const MOST_EDGES = 1300; // as many as the mock keeps
const LONGEST_CYCLE = 60; // edges
const JITTER_MS = 60;
const STEADY_MS = 450; // beyond the longest step: it does not blink any more
const LONGEST_STEP_MS = 1800; // of any pattern
const COLOURS = [
  ["red", 0],
  ["amber", 24],
  ["yellow", 50],
  ["green", 120],
  ["blue", 240],
  ["magenta", 300],
  ["red", 360],
];

const edges = []; // [t_ms, red, green, blue], linear light
const sheet = new CSSStyleSheet();
let cycle = null; // {steps: [[ms, rgb]], begun_ms}
document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];

/** All edges that are known, for the time line. */
export const lightEdges = () => edges;

/** Take edges that have just been told. */
export function shine(added, isFirst) {
  if (isFirst) edges.length = 0;
  edges.push(...added);
  edges.splice(0, Math.max(0, edges.length - MOST_EDGES));
  look();
}

/** Look whether the edges repeat, and show them so; to be called now and then, too. */
export function look() {
  const last = edges.at(-1) ?? [0, 0, 0, 0];
  const found = repeating(edges);
  const longest = found ? Math.max(...found.steps.map(([ms]) => ms)) : 0;
  const isBlinking = found && now() - last[0] < longest + STEADY_MS;
  const next = isBlinking ? found : null;
  if (next && cycle && isSame(next, cycle)) return;
  // Until it is known to repeat, each edge shows as soon as it is told.
  cycle = next;
  const lamp = byId("lamp");
  const rgb = cycle ? brightest(cycle.steps) : last.slice(1);
  const isFresh = edges.length > 1 && now() - last[0] < LONGEST_STEP_MS;
  const words = cycle ? inWords(cycle.steps) : isFresh ? "changing" : steady(rgb);
  sheet.replaceSync(rules(cycle, rgb));
  say(byId("lamp-words"), words);
  mark(lamp, "aria-label", `Light: ${words}`);
  lamp.dataset.pattern = cycle ? cycle.steps.map(([ms]) => Math.round(ms / 50) * 50).join(" ") : "";
}

/** The cycle in which these edges repeat, seen twice, or null. */
export function repeating(all) {
  const late = all.slice(-2 * LONGEST_CYCLE - 1);
  const steps = late.slice(1).map((edge, i) => [edge[0] - late[i][0], late[i].slice(1)]);
  for (let length = 2; 2 * length <= steps.length; length++) {
    const [before, after] = [steps.slice(-2 * length, -length), steps.slice(-length)];
    if (before.every((step, i) => isNear(step, after[i]))) {
      return { steps: after, begun_ms: all[all.length - 1 - length][0] };
    }
  }
  return null;
}

function isNear([ms, rgb], [otherMs, otherRgb]) {
  return Math.abs(ms - otherMs) < JITTER_MS && rgb.every((part, i) => part === otherRgb[i]);
}

/** Is it the same cycle, from whichever of its edges it begins? */
function isSame(one, other) {
  const count = one.steps.length;
  if (count !== other.steps.length) return false;
  return one.steps.some((_, shift) =>
    one.steps.every((step, i) => isNear(step, other.steps[(i + shift) % count])),
  );
}

const brightest = (steps) =>
  steps.map(([, rgb]) => rgb).reduce((most, rgb) => (Math.max(...rgb) > Math.max(...most) ? rgb : most));

/** Linear light as a screen shows it. */
export function colour(rgb) {
  const [red, green, blue] = rgb.map((part) => Math.round(255 * (part / 255) ** (1 / 2.2)));
  return `rgb(${red} ${green} ${blue})`;
}

function look_of(rgb) {
  if (Math.max(...rgb) === 0) return "background-color: var(--lamp-off); box-shadow: none;";
  const shown = colour(rgb);
  return `background-color: ${shown}; box-shadow: 0 0 1.2rem 0.15rem ${shown};`;
}

function rules(found, rgb) {
  if (!found) return `#lamp { ${look_of(rgb)} }`;
  const whole = found.steps.reduce((sum, [ms]) => sum + ms, 0);
  let at = 0;
  const frames = found.steps.map(([ms, shown]) => {
    const frame = `${((100 * at) / whole).toFixed(3)}% { ${look_of(shown)} animation-timing-function: step-end; }`;
    at += ms;
    return frame;
  });
  const end = `100% { ${look_of(found.steps.at(-1)[1])} }`;
  const delay_ms = -((now() - found.begun_ms) % whole);
  return `@keyframes recorded { ${frames.join(" ")} ${end} }
    #lamp { ${look_of(rgb)} }
    @media (prefers-reduced-motion: no-preference) {
      #lamp { animation: recorded ${whole}ms infinite; animation-delay: ${delay_ms.toFixed(0)}ms; }
    }`;
}

function hueName(linear) {
  const [red, green, blue] = linear.map((part) => part ** (1 / 2.2));
  const most = Math.max(red, green, blue);
  const range = most - Math.min(red, green, blue);
  if (range < most / 4) return "white";
  let hue = 0;
  if (most === red) hue = (60 * (green - blue)) / range;
  else if (most === green) hue = 120 + (60 * (blue - red)) / range;
  else hue = 240 + (60 * (red - green)) / range;
  const turned = (hue + 360) % 360;
  const distance = ([, at]) => Math.abs(at - turned);
  return COLOURS.reduce((best, one) => (distance(one) < distance(best) ? one : best))[0];
}

const steady = (rgb) => (Math.max(...rgb) ? `${hueName(rgb)}, steady` : "dark");

function inWords(steps) {
  const name = hueName(brightest(steps));
  const levels = new Set(steps.map(([, rgb]) => rgb.join()));
  const whole_s = steps.reduce((sum, [ms]) => sum + ms, 0) / 1000;
  if (levels.size > 2) return `${name}, rises and falls every ${whole_s.toFixed(1)} s`;
  // From the longest step on, or if it is dark, from what follows it.
  const longest = steps.reduce((most, [ms], i) => (ms > steps[most][0] ? i : most), 0);
  const begin = steps[longest][1].some(Boolean) ? longest : longest + 1;
  const turned = [...steps.slice(begin), ...steps.slice(0, begin)];
  const parts = turned.map(([ms, rgb]) => `${(ms / 1000).toFixed(1)} s ${rgb.some(Boolean) ? "on" : "off"}`);
  return `${name}, ${parts.join(", ")}`;
}
