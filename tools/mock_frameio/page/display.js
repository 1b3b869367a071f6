// The display, pixel by pixel.

import { byId, mark, say } from "/page/text.js";

const PITCH = 4; // of one pixel, in the canvas's
const DOT = 3;

/** Draw what the board's display shows; null: nothing. */
export function draw(screen, isPlugged, hasPower) {
  const canvas = byId("display");
  const [width, height] = [screen?.width ?? 128, screen?.height ?? 64];
  if (canvas.width !== width * PITCH || canvas.height !== height * PITCH) {
    canvas.width = width * PITCH;
    canvas.height = height * PITCH;
  }
  const context = canvas.getContext("2d");
  context.clearRect(0, 0, canvas.width, canvas.height);
  const isLit = Boolean(screen?.on && isPlugged && hasPower);
  if (isLit) paint(context, screen);
  const note = byId("display-note");
  note.hidden = isPlugged;
  say(note, isPlugged ? "" : "unplugged");
  const state = isPlugged ? (isLit ? "on" : "dark") : "unplugged";
  mark(canvas, "aria-label", `The device's display: ${state}. What it says stands below.`);
  canvas.dataset.state = state;
}

function paint(context, { bitmap, width, height, contrast }) {
  const rows = Uint8Array.from(atob(bitmap), (letter) => letter.charCodeAt(0));
  const brightness = 0.55 + (0.45 * contrast) / 255;
  context.fillStyle = `rgb(${[200, 232, 255].map((part) => Math.round(part * brightness))})`;
  // On a small screen gaps between the dots would be a pattern of their own.
  const isSmall = context.canvas.clientWidth * devicePixelRatio < 0.8 * width * PITCH;
  const dot = isSmall ? PITCH : DOT;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = y * width + x;
      if ((rows[at >> 3] >> (7 - (x & 7))) & 1) context.fillRect(x * PITCH, y * PITCH, dot, dot);
    }
  }
}
