/** Where the focus goes when what had it is gone; and which keys the page takes, and when. */

import { type HotkeyItem, useHotkeys } from "@mantine/hooks";
import { type RefObject, useEffect, useRef } from "react";

/** Give the focus back, when this goes and takes it along, to what had it before this came. */
export function useFocusReturn(): void {
  useEffect(() => {
    const before = document.activeElement;
    return () => {
      setTimeout(() => {
        if (isLost() && before instanceof HTMLElement) before.focus();
      });
    };
  }, []);
}

/**
 * Give the focus, when a step takes the place of what it was chosen in, to the step; and back to
 * what chose it, which names it as `data-step`, when it goes.
 */
export function useStepFocus(within: RefObject<HTMLElement | null>, step: string | undefined): void {
  const shown = useRef(step);
  useEffect(() => {
    const before = shown.current;
    shown.current = step;
    if (before === step || !isLost()) return;
    const chose = !step && before && within.current?.querySelector<HTMLElement>(`[data-step="${CSS.escape(before)}"]`);
    (chose || within.current?.querySelector("aside"))?.focus();
  }, [within, step]);
}

const OVER = "[role=dialog], [role=menu]";

/** Keys of the page itself: they rest while a dialog or a menu lies over it. */
export function usePageKeys(keys: readonly (readonly [key: string, does: () => void])[]): void {
  useHotkeys(keys.map(([key, does]): HotkeyItem => [key, () => document.querySelector(OVER) ?? does()]));
}

/** `Esc` closes this, unless it closes what lies over it, which may be gone by now. */
export function useEscape(close: () => void): void {
  useHotkeys([
    [
      "Escape",
      ({ target }) => {
        if (!(target instanceof Element && target.closest(OVER))) close();
      },
    ],
  ]);
}

function isLost(): boolean {
  return document.activeElement === null || document.activeElement === document.body;
}
