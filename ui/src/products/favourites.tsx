/** The products somebody marked: kept in this browser. */

import { Icon } from "../kit/Icon";
import { store } from "../kit/store";

const KEY = "towpath.favourites";

function kept(): ReadonlySet<string> {
  try {
    return new Set(JSON.parse(localStorage.getItem(KEY) ?? "[]") as string[]);
  } catch {
    return new Set();
  }
}

const favourites = store<ReadonlySet<string>>(kept());

export function useFavourites(): ReadonlySet<string> {
  return favourites.use();
}

export function Favourite({ product }: { readonly product: string }) {
  const chosen = favourites.use().has(product);
  const toggle = () => {
    const next = new Set(favourites.get());
    if (!next.delete(product)) next.add(product);
    localStorage.setItem(KEY, JSON.stringify([...next]));
    favourites.set(next);
  };
  return (
    <button
      className="ib sm star"
      aria-pressed={chosen}
      aria-label={`Favourite ${product}`}
      onClick={toggle}
    >
      <Icon name={chosen ? "starred" : "star"} size={15} />
    </button>
  );
}
