/** What needs someone, over all products. */

import type { ProductItem, Status } from "../api/schema";
import { NEEDS_SOMEONE, word } from "../kit/status";

export interface Need {
  readonly status: Status;
  readonly environments: string[];
  readonly why: string;
  readonly release: string;
  readonly who: string;
  readonly since: string | null;
}

/** One for each release and reason, with the environments in which it waits for that. */
export function needs(items: readonly ProductItem[]): Need[] {
  const found = new Map<string, Need>();
  const add = (release: string, place: { name: string; status: Status; sentence: string }, who: string, since: string | null) => {
    if (!NEEDS_SOMEONE.includes(place.status)) return;
    const why = place.sentence || word(place.status).toLowerCase();
    const key = `${release} ${place.status} ${why}`;
    const known = found.get(key);
    if (!known) found.set(key, { status: place.status, environments: [place.name], why, release, who, since });
    else if (!known.environments.includes(place.name)) known.environments.push(place.name);
  };
  for (const { latest, environments } of items) {
    for (const place of latest?.environments ?? []) {
      const since = place.ended_at ?? place.started_at;
      add(latest?.id ?? "", place, latest?.initiator ?? "", since);
    }
    for (const { name, on_its_way } of environments) {
      for (const each of on_its_way) add(each.release, { ...each, name }, "", null);
    }
  }
  return [...found.values()];
}
