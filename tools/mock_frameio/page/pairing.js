// Typing the code, as the user does in Frame.io.

import { listen, order } from "/page/feed.js";
import { byId, clean, say } from "/page/text.js";

const DIGITS = 6;

/** Show the form, and send a code as soon as it is whole. */
export function showPairing() {
  const input = byId("code");
  const hint = byId("code-hint");
  let isSending = false;

  async function send() {
    const code = input.value.replace(/\s/g, "");
    if (isSending || !code) return;
    isSending = true;
    const isTaken = await order("approve", { user_code: code });
    isSending = false;
    if (isTaken) {
      input.value = "";
      say(hint, "The code is right. The device asks for its tokens within seconds.");
    } else input.select();
  }

  byId("pair").addEventListener("submit", (event) => {
    event.preventDefault();
    send();
  });
  input.addEventListener("input", () => {
    if (input.value.replace(/\D/g, "").length === DIGITS) send();
  });
  listen(({ codes }) => {
    if (!codes) return;
    const waiting = codes.length;
    byId("pair").dataset.waiting = waiting > 0;
    if (waiting === 1) say(hint, "A device waits: its display shows the code.");
    else if (waiting) say(hint, `${waiting} devices wait, each shows its own code.`);
    else say(hint, clean("No device asks for a code."));
  });
}
