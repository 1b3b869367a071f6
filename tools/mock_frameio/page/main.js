// Puts the parts of the page together; each listens to the feed for what it shows.

import { showCards } from "/page/cards.js";
import { showDevice } from "/page/device.js";
import { showFaults } from "/page/faults.js";
import { start } from "/page/feed.js";
import { showPairing } from "/page/pairing.js";
import { showTimeline } from "/page/timeline.js";

for (const show of [showPairing, showCards, showDevice, showFaults, showTimeline]) show();
start();
