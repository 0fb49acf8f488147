/** Ctrl-K: jump to a product, release or environment by some of its name, or to where a change is. */

import { Modal } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type KeyboardEvent, type ReactNode, useEffect, useRef, useState } from "react";
import * as queries from "../api/queries";
import { useFocusReturn } from "../kit/focus";
import { Glyph } from "../kit/Glyph";
import { Icon } from "../kit/Icon";

interface Hit {
  readonly key: string;
  readonly kind: string;
  readonly title: string;
  readonly about: string;
  readonly to: string;
  /** What to look for there. */
  readonly ref?: string;
  readonly icon: ReactNode;
}

const MOST = 8;

export default function Palette({ close }: { readonly close: () => void }) {
  useFocusReturn();
  const [typed, setTyped] = useState("");
  const [at, setAt] = useState(0);
  const navigate = useNavigate();
  const hits = useHits(typed.trim());
  const chosen = Math.min(at, hits.length - 1);
  const list = useRef<HTMLUListElement>(null);
  useEffect(() => {
    list.current?.children[chosen]?.scrollIntoView({ block: "nearest" });
  }, [chosen]);
  const open = (hit: Hit | undefined) => {
    if (!hit) return;
    close();
    void navigate({ to: hit.to, ...(hit.ref ? { search: { ref: hit.ref } } : {}) });
  };
  const pressed = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      setAt((chosen + step + hits.length) % Math.max(1, hits.length));
    } else if (event.key === "Enter") open(hits[chosen]);
  };
  return (
    <Modal opened onClose={close} size={560} yOffset="12vh" centered={false} attributes={{ content: { "aria-label": "Find" } }}>
      <div className="palette">
        <div className="palette-field">
          <Icon name="search" size={16} />
          <input
            role="combobox"
            aria-label="Find anything"
            aria-expanded="true"
            aria-controls="palette-hits"
            aria-activedescendant={hits[chosen] ? `hit-${chosen}` : undefined}
            placeholder="Product, release, commit, pull request, image, issue"
            value={typed}
            data-autofocus
            onChange={(event) => {
              setTyped(event.target.value);
              setAt(0);
            }}
            onKeyDown={pressed}
          />
          <kbd>Esc</kbd>
        </div>
        <ul id="palette-hits" ref={list} role="listbox" aria-label="Found">
          {hits.map((hit, place) => (
            // The field has the keys; the mouse may choose too.
            // eslint-disable-next-line jsx-a11y/click-events-have-key-events
            <li
              key={hit.key}
              id={`hit-${place}`}
              role="option"
              aria-selected={place === chosen}
              onMouseMove={() => setAt(place)}
              onClick={() => open(hit)}
            >
              {hit.icon}
              <span className="m nw">{hit.title}</span>
              <span className="t2 el grow">{hit.about}</span>
              <span className="t3 s11">{hit.kind}</span>
            </li>
          ))}
        </ul>
        {hits.length === 0 && <p className="state">Type a name, or paste what you want to find.</p>}
      </div>
    </Modal>
  );
}

function useHits(typed: string): readonly Hit[] {
  const [asked] = useDebouncedValue(typed, 120);
  const products = useQuery(queries.products);
  const environments = useQuery(queries.environments);
  const releases = useQuery({
    ...queries.someReleases({ q: beginning(asked), limit: MOST }),
    placeholderData: keepPreviousData,
  });
  const matches = (name: string) => name.toLowerCase().includes(typed.toLowerCase());
  const hits: Hit[] = [];
  for (const { name, description } of products.data?.items.filter((each) => matches(each.name)) ?? []) {
    hits.push({
      key: `product ${name}`,
      kind: "product",
      title: name,
      about: description,
      to: `/products/${encodeURIComponent(name)}`,
      icon: <Icon name="products" />,
    });
  }
  const found = (releases.data?.items ?? []).map((item) => ({
    key: `release ${item.id}`,
    kind: "release",
    title: item.id,
    about: item.subject || item.version,
    to: `/releases/${encodeURIComponent(item.id)}`,
    icon: <Glyph status={item.status} size={14} />,
  }));
  for (const { name, kind } of environments.data?.items.filter((each) => matches(each.name)) ?? []) {
    hits.push({
      key: `environment ${name}`,
      kind: "environment",
      title: name,
      about: kind === "prod" ? "production" : "not production",
      to: `/environments?q=${encodeURIComponent(name)}`,
      icon: <Icon name="environments" />,
    });
  }
  const some = hits.slice(0, typed ? MOST : 5);
  if (!typed) return [...found.slice(0, 5), ...some];
  const where: Hit = {
    key: "where",
    kind: "trace",
    title: `Where is ${typed}?`,
    about: "since when in which environment, or what it waits for",
    to: "/where",
    ref: typed,
    icon: <Icon name="trace" />,
  };
  return isReference(typed) ? [where, ...some, ...found] : [...some, ...found, where];
}

/** Whether it is written as a commit, pull request, image or issue is, rather than as a name. */
export function isReference(typed: string): boolean {
  return /^https?:|^(?=.*\d)[0-9a-f]{7,40}$|[#!]\d+$|^[A-Z][A-Z0-9_]*-\d+$|:[\w.]|sha256:/.test(typed);
}

/** The last word may be unfinished: the server finds words by their beginning from three letters. */
function beginning(typed: string): string {
  return /[\p{L}\p{N}]{3,}$/u.test(typed) ? `${typed}*` : typed;
}
