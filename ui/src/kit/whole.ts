/** Text that had to be cut says all of itself to whoever points at it. */

const WITHIN = 4; // of what is pointed at: the cut element may be around it

/** From now on, whatever is cut gets its whole text as its title; one that has a title keeps it. */
export function tellWholeTexts(page: Document): void {
  page.addEventListener("mouseover", ({ target }) => {
    let element = target instanceof Element ? target : null;
    for (let up = 0; element instanceof HTMLElement && up < WITHIN; up += 1, element = element.parentElement) {
      const own = element.dataset.whole !== undefined;
      if (element.title && !own) return;
      if (isCut(element)) {
        element.title = element.innerText;
        element.dataset.whole = "";
        return;
      }
      if (own) element.removeAttribute("title");
    }
  });
}

function isCut(element: HTMLElement): boolean {
  const { textOverflow, webkitLineClamp } = getComputedStyle(element);
  if (textOverflow === "ellipsis") return element.scrollWidth > element.clientWidth;
  return webkitLineClamp !== "none" && element.scrollHeight > element.clientHeight + 1;
}
