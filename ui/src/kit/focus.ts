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

/** `Esc` closes this, unless it closes what lies over it: that hears the key first, and is gone then. */
export function useEscape(close: () => void): void {
  const under = useRef(false);
  useEffect(() => {
    const look = () => (under.current = document.querySelector(OVER) !== null);
    window.addEventListener("keydown", look, { capture: true });
    return () => window.removeEventListener("keydown", look, { capture: true });
  }, []);
  useHotkeys([["Escape", () => under.current || close()]]);
}

function isLost(): boolean {
  return document.activeElement === null || document.activeElement === document.body;
}
