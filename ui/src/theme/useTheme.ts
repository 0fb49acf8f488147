/** Light or dark: as the system has it, or as somebody chose. */

import { useSyncExternalStore } from "react";

export type Choice = "system" | "light" | "dark";
export type Theme = "light" | "dark";

const KEY = "towpath.theme";
const dark = window.matchMedia("(prefers-color-scheme: dark)");
const listeners = new Set<() => void>();

export function chosen(): Choice {
  const kept = localStorage.getItem(KEY);
  return kept === "light" || kept === "dark" ? kept : "system";
}

export function choose(choice: Choice): void {
  localStorage.setItem(KEY, choice);
  apply();
}

export function apply(): void {
  document.documentElement.dataset.theme = current();
  for (const listener of listeners) listener();
}

function current(): Theme {
  const choice = chosen();
  if (choice !== "system") return choice;
  return dark.matches ? "dark" : "light";
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  dark.addEventListener("change", apply);
  window.addEventListener("storage", apply);
  return () => {
    listeners.delete(listener);
    dark.removeEventListener("change", apply);
    window.removeEventListener("storage", apply);
  };
}

export function useTheme(): Theme {
  return useSyncExternalStore(subscribe, current);
}

export function useChoice(): Choice {
  return useSyncExternalStore(subscribe, chosen);
}
