// What the benchmark of the web interface looks at from within the page. Run before the page's own
// scripts; `wanted` is a selector.
window.bench = {
  /** The longest task since it was last set to 0, of those over 50 ms. */
  longest: 0,
  painted: 0, // the largest contentful paint

  /** When the first thing that was wanted had been painted. */
  drawn: new Promise((done) => {
    const look = () => {
      if (!document.querySelector(window.wanted)) return;
      watch.disconnect();
      requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now())));
    };
    const watch = new MutationObserver(look);
    watch.observe(document, { subtree: true, childList: true });
  }),

  /** How many bytes came, as they were sent. */
  sent() {
    const kinds = ["navigation", "resource"].flatMap((kind) => performance.getEntriesByType(kind));
    return kinds.reduce((sum, each) => sum + each.encodedBodySize, 0);
  },

  /** The answer alone, with nothing drawn. */
  async floor(path) {
    const began = performance.now();
    await (await fetch(path)).json();
    return performance.now() - began;
  },

  /** Drag the scroll bars: most of a screen further with every frame, down or, in turns, across. */
  async drag(selector) {
    const list = document.querySelector(selector);
    for (let frame = 0; frame < 120; frame++) {
      if (frame % 2) list.scrollLeft += 400;
      else list.scrollTop += 700;
      if (list.scrollTop + list.clientHeight >= list.scrollHeight - 2) list.scrollTop = 0;
      await new Promise(requestAnimationFrame);
    }
  },

  /** Scroll to where the list grows no more; how long that took, and how high it is then. */
  async toTheEnd(selector) {
    const list = document.querySelector(selector);
    const began = performance.now();
    let [grew, height] = [began, 0];
    while (performance.now() - grew < 3000) {
      list.scrollTop = list.scrollHeight;
      await new Promise(requestAnimationFrame);
      if (list.scrollHeight === height) continue;
      [grew, height] = [performance.now(), list.scrollHeight];
    }
    return { took: grew - began, height };
  },

  /** When a text is in the head of a release, on the clock of the machine. */
  says(text) {
    return new Promise((done) => {
      const look = () => {
        if (!document.querySelector(".rh")?.textContent.includes(text)) return;
        watch.disconnect();
        done(performance.timeOrigin + performance.now());
      };
      const watch = new MutationObserver(look);
      watch.observe(document, { subtree: true, childList: true, characterData: true });
    });
  },
};

function observe(type, look) {
  new PerformanceObserver((list) => list.getEntries().forEach(look)).observe({ type, buffered: true });
}
observe("longtask", ({ duration }) => {
  window.bench.longest = Math.max(window.bench.longest, duration);
});
observe("largest-contentful-paint", ({ startTime }) => {
  window.bench.painted = startTime;
});
