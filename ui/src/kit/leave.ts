import type { KeyboardEvent } from "react";

/** `Esc` leaves a field, so that the page's own keys work again. */
export function leave(event: KeyboardEvent<HTMLInputElement>): void {
  if (event.key === "Escape") event.currentTarget.blur();
}
