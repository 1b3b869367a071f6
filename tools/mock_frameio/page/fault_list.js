// The faults that the control API can order, in plain sentences.

const PORTAL = "<html><title>Venue Wi-Fi</title><body>Please sign in.</body></html>";

/** A part of Frame.io that is refused with a status. */
function refused(part, status, words) {
  return {
    words,
    on: ["refuse", { part, status }],
    off: ["refuse", { part, status, times: 0 }],
    isOn: ({ refuse }) => refuse[part] === status,
  };
}

/** Something else in place of a part's answers. */
function spoilt(what, part, words, order, body) {
  return {
    words,
    on: [order, body],
    off: [order, { ...body, times: 0 }],
    isOn: ({ spoil }) => spoil[part] === what,
  };
}

/** words: what happens. on, off: orders. isOn(faults): is it so now? */
export const SWITCHES = [
  {
    words: "Everything goes silent: nothing is answered or sent any more.",
    on: ["black_hole", { on: true }],
    off: ["black_hole", { on: false }],
    isOn: (faults) => faults.black_hole,
  },
  {
    words: "A sign-in page answers in Frame.io's place.",
    on: ["refuse", { part: "all", status: 200, body: PORTAL }],
    off: ["refuse", { part: "all", status: 200, times: 0 }],
    isOn: ({ refuse }) => refuse.all === 200,
  },
  refused("all", 503, "Frame.io has an outage: 503 for everything."),
  refused("all", 429, "Frame.io asks for patience: 429 for everything."),
  refused("socket", 403, "The live connection is refused with 403."),
  refused("identity", 503, "The identity call fails with 503."),
  refused("health", 503, "The health call fails with 503."),
  refused("heartbeat", 503, "The HTTP heartbeat fails with 503."),
  refused("code", 503, "No pairing code can be had: 503."),
  refused("token", 503, "No token can be had or refreshed: 503."),
  refused("assets", 503, "Uploads fail with 503."),
  {
    words: "The storage is busy: 503 for every part of an upload.",
    on: ["storage", { what: "busy" }],
    off: ["storage", { what: "busy", times: 0 }],
    isOn: (faults) => faults.storage === "busy",
  },
  {
    words: "Uploads are slow: 50 kB a second.",
    on: ["storage_rate", { bytes_per_s: 50_000 }],
    off: ["storage_rate", { bytes_per_s: 0 }],
    isOn: (faults) => faults.storage_bytes_per_s > 0,
  },
  {
    words: "The channel is refused although the connection stands.",
    on: ["refuse_join", {}],
    off: ["refuse_join", { reason: null }],
    isOn: ({ join }) => join,
  },
  {
    words: "Every answer waits two seconds.",
    on: ["slow", { ms: 2000 }],
    off: ["slow", { ms: 0 }],
    isOn: (faults) => faults.slow_ms > 0,
  },
  {
    words: "Messages come in fragments of three bytes.",
    on: ["fragment", { bytes: 3 }],
    off: ["fragment", { bytes: 0 }],
    isOn: (faults) => faults.fragment_bytes > 0,
  },
  {
    words: "Everything dribbles in, one byte at a time.",
    on: ["dribble", { pause_ms: 2 }],
    off: ["dribble", { pause_ms: null }],
    isOn: (faults) => faults.dribble_ms !== null,
  },
  spoilt("garbage", "health", "The health call gets random bytes.", "garbage", {
    part: "health",
    seed: 1,
  }),
  spoilt("endless", "identity", "The identity's answer never ends.", "endless", {
    part: "identity",
    what: "body",
  }),
  spoilt("reset", "socket", "A firewall cuts the live connection's request.", "reset", {
    part: "socket",
  }),
  {
    words: "The certificate has expired, or so it looks to a wrong clock.",
    on: ["certificate", { expired: true }],
    off: ["certificate", { expired: false }],
    isOn: ({ expired }) => expired,
  },
  {
    words: "The next refresh is carried out, and its answer is lost.",
    on: ["lose_refresh_response", {}],
    off: ["lose_refresh_response", { times: 0 }],
    isOn: (faults) => faults.lost_refresh_responses > 0,
  },
  {
    words: "A lost pairing is answered with 400 in place of 401.",
    on: ["lost_status", { status: 400 }],
    off: ["lost_status", { status: 401 }],
    isOn: (faults) => faults.lost_status === 400,
  },
  {
    words: "Errors have the short body.",
    on: ["error_body", { shape: "error" }],
    off: ["error_body", { shape: "errors" }],
    isOn: (faults) => faults.error_body === "error",
  },
  {
    words: "New access tokens live for two minutes.",
    on: ["lives", { access_s: 120 }],
    off: ["lives", { access_s: 8 * 3600 }],
    isOn: (faults) => faults.access_s < 8 * 3600,
  },
  {
    words: "The identity is 100 kB long.",
    on: ["device", { identity_bytes: 100_000 }],
    off: ["device", { identity_bytes: 0 }],
    isOn: (faults) => faults.identity_bytes > 0,
  },
];

/** [button, what happens, orders] */
export const ONCE = [
  ["Close", "Frame.io closes the live connections (1000).", [["drop", {}]]],
  ["Kill", "The server process dies: the connections end without a goodbye.", [["kill", {}]]],
  ["Reset", "The live connections end with a TCP reset.", [["reset", {}]]],
  ["Half open", "The connections go dead without a word.", [["half_open", {}]]],
  ["Crash", "The channel crashes; the connection stays.", [["channel", { event: "phx_error" }]]],
  ["Close channel", "The channel is closed; the connection stays.", [["channel", { event: "phx_close" }]]],
  [
    "False event",
    "An event says paused although it is not true.",
    [["event", { event: "status_updated", payload: "paused" }]],
  ],
  ["Garbage", "Random bytes on the live connections.", [["garbage", { seed: 1 }]]],
  ["Raw", "Half a frame on the live connections.", [["raw", { hex: "81" }]]],
  ["Endless frame", "A frame that announces 2⁶² bytes.", [["endless", { what: "frame" }]]],
  ["Endless message", "A message of empty fragments that never ends.", [["endless", { what: "message" }]]],
  ["Expire", "The access tokens end now.", [["expire", {}]]],
  ["Expire uploads", "The addresses of all uploads end now.", [["expire_uploads", {}]]],
  ["Renew", "The access tokens live again.", [["renew", {}]]],
  ["Deny", "The user says no to the newest code.", [["deny", {}]]],
  ["Zeros", "The next pairing code is 000042.", [["next_user_code", { user_code: "000042" }]]],
];

/** [name, what it does, orders] */
export const PRESETS = [
  [
    "Captive portal",
    "The hotel's sign-in page answers everything.",
    [["refuse", { part: "all", status: 200, body: PORTAL }], ["kill", {}]],
  ],
  [
    "Venue firewall",
    "Websockets are blocked, the rest works.",
    [["reset", { part: "socket" }], ["reset", {}]],
  ],
  [
    "Deploy",
    "Frame.io restarts its servers (close 1012).",
    [["refuse", { part: "socket", status: 503, times: 2 }], ["drop", { code: 1012 }]],
  ],
  ["Dead air", "Everything goes silent; no connection ends.", [["half_open", {}], ["black_hole", {}]]],
  [
    "Wrong clock",
    "The device's clock is years off: certificates look expired.",
    [["certificate", { expired: true }], ["kill", {}]],
  ],
  [
    "Removed device",
    "Someone removes the device in Frame.io.",
    [["remove_device", {}], ["drop", {}]],
  ],
];
