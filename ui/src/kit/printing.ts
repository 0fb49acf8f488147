/** Whether the page is being printed: what unfolds by and by on a screen is all there on paper. */

import { store } from "./store";

const printing = store(false);

window.addEventListener("beforeprint", () => printing.set(true));
window.addEventListener("afterprint", () => printing.set(false));

export const usePrinting = printing.use;
