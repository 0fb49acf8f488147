/** What a screen tells the frame around it: where one is. */

import { useEffect } from "react";
import { store } from "../kit/store";

export interface Crumb {
  readonly title: string;
  readonly to?: string;
}

export const crumbs = store<readonly Crumb[]>([]);

/** Name the screen: the last crumb is where one is, and the window's title. */
export function usePage(...path: readonly Crumb[]): void {
  const key = JSON.stringify(path);
  useEffect(() => {
    const parsed = JSON.parse(key) as Crumb[];
    crumbs.set(parsed);
    document.title = `${[...parsed].reverse().map((crumb) => crumb.title).join(" · ")} · Towpath`;
  }, [key]);
}
