// The last minute on one scale: a lane for each side, the states and the light.

import { lightEdges, colour } from "/page/light.js";
import { clean, clockTime, say } from "/page/text.js";

const WINDOW_MS = 60_000;
const DRAW_MS = 200;
const NEAR_PX = 8;
const LANE_PX = 30;
const TOP_PX = 8;
const NARROW_PX = 520;
const LANES = [
  ["Device →", ({ sender }) => sender === "device"],
  ["Frame.io →", ({ sender }) => sender === "service"],
  ["State", ({ sender, kind }) => sender === "board" && kind === "state"],
  ["Light", () => false],
  ["Events", ({ sender, kind }) => sender === "user" || kind === "event"],
];
const LIGHT = 3;
const STATE = 2;
const STATES = {
  online: "--good",
  paused: "--warn",
  joining: "--accent",
  pairing: "--accent",
  fault: "--bad",
  no_backend: "--bad",
  no_network: "--bad",
  unpaired: "--warn",
};

export class Strip {
  /** rows: the list that the time line keeps. end(): what its right edge is, on the mock's clock. */
  constructor(canvas, tip, rows, end) {
    Object.assign(this, { canvas, tip, rows, end, marks: [] });
    canvas.addEventListener("pointermove", (event) => this.hover(event));
    canvas.addEventListener("pointerleave", () => (tip.hidden = true));
  }

  start() {
    const isCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    setInterval(() => !document.hidden && this.draw(), isCalm ? 5 * DRAW_MS : DRAW_MS);
  }

  draw() {
    const { canvas } = this;
    const ratio = devicePixelRatio || 1;
    const [width, height] = [canvas.clientWidth, TOP_PX + LANES.length * LANE_PX + 20];
    if (canvas.width !== Math.round(width * ratio)) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
    }
    const style = getComputedStyle(canvas);
    const paint = canvas.getContext("2d");
    paint.setTransform(ratio, 0, 0, ratio, 0, 0);
    paint.clearRect(0, 0, width, height);
    paint.font = `12px ${style.fontFamily}`;
    const left = width < NARROW_PX ? 72 : 84;
    const end_ms = this.end();
    const x = (t_ms) => left + ((t_ms - end_ms + WINDOW_MS) / WINDOW_MS) * (width - left - 8);
    const token = (name) => style.getPropertyValue(name);
    const fill = (name, ...box) => {
      paint.fillStyle = name.startsWith("--") ? token(name) : name;
      paint.fillRect(...box);
    };
    LANES.forEach(([words], lane) => {
      const y = TOP_PX + lane * LANE_PX;
      paint.fillStyle = token("--soft");
      paint.fillText(words, 0, y + 16);
      fill("--line", left, y + LANE_PX - 5, width - left - 8, 1);
    });
    paint.fillStyle = token("--soft");
    for (let back = 0; back <= 60; back += width < NARROW_PX ? 20 : 10) {
      const at = x(end_ms - back * 1000);
      fill("--line", at, TOP_PX, 1, LANES.length * LANE_PX - 5);
      paint.fillStyle = token("--soft");
      paint.textAlign = back === 0 ? "right" : "center";
      paint.fillText(back ? `−${back} s` : "now", back === 0 ? width - 4 : at, height - 6);
    }
    paint.textAlign = "left";
    paint.save();
    paint.beginPath();
    paint.rect(left, 0, width - left - 8, height);
    paint.clip();
    this.drawStates(x, end_ms, fill, paint, token);
    this.drawLight(x, end_ms, fill);
    this.drawMarks(x, end_ms, fill);
    paint.restore();
  }

  drawMarks(x, end_ms, fill) {
    this.marks = [];
    for (let i = this.rows.length - 1; i >= 0; i--) {
      const row = this.rows[i];
      if (row.t_ms < end_ms - WINDOW_MS) break;
      if (row.t_ms > end_ms) continue; // it came after Freeze
      const lane = LANES.findIndex(([, isIn]) => isIn(row));
      if (lane < 0 || lane === STATE) continue;
      const y = TOP_PX + lane * LANE_PX;
      const name = row.sender === "user" ? "--warn" : lane === 1 ? "--service" : "--device";
      fill(name, x(row.t_ms) - 1.5, y + 5, 3, row.kind === "frame" ? 16 : 12);
      this.marks.push([x(row.t_ms), y + 12, row]);
    }
  }

  drawStates(x, end_ms, fill, paint, token) {
    let until = end_ms;
    for (let i = this.rows.length - 1; i >= 0 && until > end_ms - WINDOW_MS; i--) {
      const row = this.rows[i];
      if (row.sender !== "board" || row.kind !== "state") continue;
      const state = row.text.split(":")[0];
      const y = TOP_PX + STATE * LANE_PX;
      fill(STATES[state] ?? "--soft", x(row.t_ms), y + 4, Math.max(1, x(until) - x(row.t_ms) - 1), 16);
      const from = Math.max(x(row.t_ms), x(end_ms - WINDOW_MS));
      const words = state.replace("_", " ");
      if (x(until) - from > paint.measureText(words).width + 10) {
        paint.fillStyle = token("--on-colour");
        paint.fillText(words, from + 5, y + 16);
      }
      until = row.t_ms;
    }
  }

  drawLight(x, end_ms, fill) {
    const edges = lightEdges();
    const y = TOP_PX + LIGHT * LANE_PX;
    edges.forEach(([t_ms, ...rgb], i) => {
      const until = edges[i + 1]?.[0] ?? end_ms;
      if (until < end_ms - WINDOW_MS || !rgb.some(Boolean)) return;
      fill(colour(rgb), x(t_ms), y + 4, Math.max(1, x(until) - x(t_ms)), 16);
    });
  }

  hover({ offsetX, offsetY, target }) {
    const distance = ([x, y]) => Math.abs(x - offsetX) + Math.abs(y - offsetY) / 3;
    const near = this.marks.filter((one) => distance(one) < NEAR_PX);
    this.tip.hidden = !near.length;
    if (!near.length) return;
    const [x, , row] = near.reduce((best, one) => (distance(one) < distance(best) ? one : best));
    say(this.tip, `${clockTime(row.t_ms)}  ${clean(row.text, 120)}  ${clean(row.detail, 240)}`);
    const room = target.clientWidth - this.tip.offsetWidth - 8;
    this.tip.style.left = `${Math.max(0, Math.min(x + 8, room))}px`;
  }
}
