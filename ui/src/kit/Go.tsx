/**
 * A link within the interface for where there are hundreds: the router's own looks at every route
 * to draw itself, which is too much for each cell of a board.
 */

import { useRouter } from "@tanstack/react-router";
import type { AnchorHTMLAttributes, MouseEvent } from "react";
import { search } from "../api/client";

type Search = Parameters<typeof search>[0];

interface GoProps extends Omit<AnchorHTMLAttributes<HTMLAnchorElement>, "href"> {
  readonly to: string;
}

export function Go({ to, children, ...others }: GoProps) {
  const { history } = useRouter();
  const go = (event: MouseEvent) => {
    const own = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
    if (!own || event.defaultPrevented) return;
    event.preventDefault();
    history.push(to);
  };
  return (
    <a {...others} href={to} onClick={go}>
      {children}
    </a>
  );
}

export function releasePath(id: string, query: Search = {}): string {
  return `/releases/${encodeURIComponent(id)}${search(query)}`;
}

export function productPath(name: string): string {
  return `/products/${encodeURIComponent(name)}`;
}
