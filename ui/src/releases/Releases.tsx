/** The list of releases: newest first, one column for each environment, filters in the address. */

import { useDebouncedValue, useMediaQuery } from "@mantine/hooks";
import { useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useEffect, useMemo, useRef, useState } from "react";
import * as queries from "../api/queries";
import type { ReleaseItem, Status } from "../api/schema";
import { Filter } from "../kit/Filter";
import { usePageKeys } from "../kit/focus";
import { Glyph } from "../kit/Glyph";
import { Grid, useInSight } from "../kit/Grid";
import { Icon } from "../kit/Icon";
import { SearchField } from "../kit/SearchField";
import { Answer, Empty } from "../kit/states";
import { NEEDS_SOMEONE, STATUSES, word } from "../kit/status";
import { plural } from "../kit/words";
import { ProductTabs } from "../product/ProductTabs";
import { usePage } from "../shell/page";
import { ColumnHeads } from "./ColumnHeads";
import { type Column, columns, columnWidth, named } from "./columns";
import { DateFilter } from "./DateFilter";
import { asked, compact, type Filters, readFilters, type SomeFilters, SPANS } from "./filters";
import { ReleaseCard } from "./ReleaseCard";
import { Row, WIDTHS } from "./Row";

const ROW = 44;
const CARD = 88;
const MORE_AT = 40; // rows before the end

export function Releases({ product }: { readonly product?: string }) {
  usePage(
    ...(product
      ? [
          { title: "Products", to: "/" },
          { title: product, to: `/products/${encodeURIComponent(product)}` },
          { title: "Releases" },
        ]
      : [{ title: "Releases" }]),
  );
  const filters = useFilters();
  const change = useChange();
  const [opened] = useState(() => Date.now()); // spans of days begin from here, until one asks anew
  const query = useMemo(
    () => ({ ...asked(filters, opened), ...(product ? { product } : {}) }),
    [filters, opened, product],
  );
  const found = useInfiniteQuery(queries.releases(query));
  const pages = found.data?.pages;
  const items = useMemo(() => pages?.flatMap((page) => page.items) ?? [], [pages]);
  const names = useMemo(() => named(pages ?? []), [pages]);
  const environments = useQuery(queries.environments);
  // More releases seldom bring more columns: while they do not, no row is drawn anew.
  const places = names.environments.join("\n");
  const shown = useMemo(
    () => columns(environments.data?.items ?? [], product ?? filters.product, places ? places.split("\n") : []),
    [environments.data, product, filters.product, places],
  );
  return (
    <div className="page full">
      {product ? <ProductTabs product={product} here="releases" /> : null}
      <div className="head">
        {!product && <h1>Releases</h1>}
        <Quick filters={filters} change={change} />
        <span className="grow" />
        <News query={query} />
      </div>
      <FilterBar
        filters={filters}
        change={change}
        product={product}
        columns={shown}
        initiators={names.initiators}
      />
      <Answer of={found}>
        {() =>
          items.length ? (
            <List
              items={items}
              columns={shown}
              withProduct={!product}
              more={found.hasNextPage}
              loadMore={() => void (found.isFetchingNextPage || found.fetchNextPage())}
            />
          ) : (
            <NothingFound filters={filters} change={change} />
          )
        }
      </Answer>
      {items.length > 0 && <Legend />}
    </div>
  );
}

/** Sets some of the filters; the others stay. */
type Change = (some: SomeFilters, replace?: boolean) => void;

const NONE: SomeFilters = {
  q: undefined,
  product: undefined,
  status: undefined,
  flow: undefined,
  environment: undefined,
  at: undefined,
  initiator: undefined,
  since: undefined,
  until: undefined,
  ended: undefined,
};

function useFilters(): Filters {
  const given = useSearch({ strict: false });
  return useMemo(() => readFilters(given), [given]);
}

function useChange(): Change {
  const navigate = useNavigate();
  // From what the address says at that moment: what is shown may be a step behind it.
  return (some, replace = false) =>
    void navigate({
      to: ".",
      search: (before: Record<string, unknown>) => compact({ ...readFilters(before), ...some }),
      replace,
    });
}

// --- filters ---------------------------------------------------------------------------------
function Quick({ filters, change }: { readonly filters: Filters; readonly change: Change }) {
  const me = useQuery(queries.me);
  const mine = me.data?.actor;
  const { status, ended, initiator } = filters;
  const others = { status: undefined, ended: undefined, initiator: undefined };
  const chosen = status?.join(" ") ?? "";
  const all = !chosen && ended === undefined && initiator === undefined;
  const views: readonly (readonly [string, boolean, SomeFilters])[] = [
    ["All", all, others],
    ["Needs someone", chosen === NEEDS_SOMEONE.join(" "), { ...others, status: NEEDS_SOMEONE }],
    ["In progress", ended === false && !chosen, { ...others, ended: false }],
    ["Failed", chosen === "failed error", { ...others, status: ["failed", "error"] as Status[] }],
    ...(mine && mine !== "local"
      ? ([["Mine", initiator === mine && !chosen, { ...others, initiator: mine }]] as const)
      : []),
  ];
  return (
    <div className="quick" role="group" aria-label="Quick filters">
      {views.map(([title, on, next]) => (
        <button key={title} aria-pressed={on} onClick={() => change(next)}>
          {title}
        </button>
      ))}
    </div>
  );
}

interface FilterBarProps {
  readonly filters: Filters;
  readonly change: Change;
  readonly product: string | undefined;
  readonly columns: readonly Column[];
  readonly initiators: readonly string[];
}

function FilterBar({ filters, change, product, columns: shown, initiators: seen }: FilterBarProps) {
  const products = useQuery(queries.products);
  const flows = useQuery(queries.flows);
  const initiators = [...new Set([...seen, filters.initiator ?? ""])];
  const one = (name: keyof Filters) => (values: readonly string[]) =>
    change({ [name]: values[0] });
  const statuses = STATUSES.map((status) => ({
    value: status,
    label: word(status),
    glyph: <Glyph status={status} size={14} label="" />,
  }));
  return (
    <div className="head filters">
      <Search filters={filters} change={change} />
      {!product && (
        <Filter
          name="Product"
          options={products.data?.items.map((each) => ({ value: each.name })) ?? []}
          chosen={filters.product ? [filters.product] : []}
          choose={one("product")}
        />
      )}
      <Filter
        name="Status"
        several
        options={statuses}
        chosen={filters.status ?? []}
        choose={(values) => change({ status: values as Status[] })}
      />
      <Filter
        name="Flow"
        options={flows.data?.items.map((each) => ({ value: each.name })) ?? []}
        chosen={filters.flow ? [filters.flow] : []}
        choose={one("flow")}
      />
      <Filter
        name="Environment"
        options={shown.map((column) => ({ value: column.name }))}
        chosen={filters.environment ? [filters.environment] : []}
        choose={([value]) => change({ environment: value, ...(value ? {} : { at: undefined }) })}
      />
      {filters.environment && (
        <Filter
          name={`In ${filters.environment}`}
          several
          options={statuses}
          chosen={filters.at ?? []}
          choose={(values) => change({ at: values as Status[] })}
        />
      )}
      <Filter
        name="Initiator"
        options={initiators.filter(Boolean).sort().map((value) => ({ value }))}
        chosen={filters.initiator ? [filters.initiator] : []}
        choose={one("initiator")}
      />
      <DateFilter filters={filters} change={change} />
    </div>
  );
}

function Search({ filters, change }: { readonly filters: Filters; readonly change: Change }) {
  const [typed, setTyped] = useState(filters.q ?? "");
  const [settled] = useDebouncedValue(typed, 250);
  const known = useRef(filters.q ?? "");
  useEffect(() => {
    // Back and forward change the address: the field follows.
    if ((filters.q ?? "") !== known.current) {
      known.current = filters.q ?? "";
      setTyped(known.current);
    }
  }, [filters.q]);
  useEffect(() => {
    if (settled === known.current || settled !== typed) return;
    const begun = known.current === "";
    known.current = settled;
    change({ q: settled || undefined }, !begun);
    // eslint-disable-next-line react-hooks/exhaustive-deps -- only what was typed asks anew
  }, [settled]);
  return (
    <SearchField
      label="Search releases"
      hint="Id, commit, subject, version"
      value={typed}
      change={setTyped}
    />
  );
}

/** New releases wait here until somebody wants to see them: the list does not move by itself. */
function News({ query }: { readonly query: ReturnType<typeof asked> }) {
  const cache = useQueryClient();
  const news = useQuery<string[]>({ queryKey: ["new-releases", query], enabled: false });
  const count = news.data?.length ?? 0;
  if (!count) return <span role="status" />;
  const show = async () => {
    await cache.resetQueries({ queryKey: queries.releases(query).queryKey });
    cache.setQueryData(["new-releases", query], []);
    document.querySelector(".grid-list")?.scrollTo({ top: 0 });
  };
  return (
    <span role="status">
      <button className="news" onClick={() => void show()}>
        <Icon name="up" size={12} />
        {count >= 50 ? "50 or more new releases" : plural(count, "new release")}
      </button>
    </span>
  );
}

/** Filters whose name in the address is no word. */
const NAMES: Partial<Record<keyof Filters, string>> = { q: "text", at: "status there", since: "from", until: "to" };

function inWords(value: unknown): string {
  if (typeof value === "boolean") return value ? "yes" : "no";
  return Array.isArray(value) ? value.join(", ") : (SPANS[String(value)] ?? String(value));
}

function NothingFound({ filters, change }: { readonly filters: Filters; readonly change: Change }) {
  const set = Object.entries(filters) as [keyof Filters, unknown][];
  if (!set.length) {
    return (
      <div className="panel">
        <Empty title="No release yet">
          <p>Push to a trigger environment, or promote by hand on a product’s board.</p>
        </Empty>
      </div>
    );
  }
  return (
    <div className="panel">
      <Empty title="Nothing matches">
        <p>Take away a filter:</p>
        <div className="row wrap">
          {set.map(([name, value]) => (
            <button
              key={name}
              className="btn on"
              onClick={() => change({ [name]: undefined })}
            >
              <span className="k">{NAMES[name] ?? name}</span>
              <span className="v">{inWords(value)}</span>
              <Icon name="close" size={12} />
            </button>
          ))}
          {set.length > 1 && (
            <button className="btn" onClick={() => change(NONE)}>
              All of them
            </button>
          )}
        </div>
      </Empty>
    </div>
  );
}

// --- the list --------------------------------------------------------------------------------
interface ListProps {
  readonly items: readonly ReleaseItem[];
  readonly columns: readonly Column[];
  readonly withProduct: boolean;
  readonly more: boolean;
  readonly loadMore: () => void;
}

function List({ items, columns: shown, withProduct, more, loadMore }: ListProps) {
  const phone = useMediaQuery("(max-width: 760px)", false, { getInitialValueInEffect: false });
  const roomy = useMediaQuery("(min-width: 1400px)", true, { getInitialValueInEffect: false });
  const compactRows = !roomy || shown.length > 6;
  const flows = useQuery(queries.flows);
  const flowOf = useMemo(
    () => new Map(flows.data?.items.map((flow) => [flow.name, flow])),
    [flows.data],
  );
  const places = useMemo(() => new Map(shown.map((column, place) => [column.name, place])), [shown]);
  const width = columnWidth(shown.length, 290);
  const before =
    WIDTHS.release + (withProduct ? WIDTHS.product : 0) + WIDTHS.version + (compactRows ? 0 : WIDTHS.flow);
  const inSight = useInSight({
    rows: items.length,
    height: phone ? CARD : ROW,
    columns: shown.length,
    width,
    before,
    beside: 6,
  });
  const { rows, columns: range } = inSight;
  const last = rows.getVirtualItems().at(-1)?.index ?? 0;
  useEffect(() => {
    if (more && last >= items.length - MORE_AT) loadMore();
  }, [more, last, items.length, loadMore]);
  const at = useRowKeys(items.length, (index) => rows.scrollToIndex(index));
  const head = (
    <div className="grid-head thead" aria-hidden="true">
      <span className="stick widest" style={{ width: WIDTHS.release }}>
        Release
      </span>
      {withProduct && <span className="wider" style={{ width: WIDTHS.product }}>Product</span>}
      <span style={{ width: WIDTHS.version }}>Version</span>
      {!compactRows && <span className="wider" style={{ width: WIDTHS.flow }}>Flow</span>}
      <ColumnHeads columns={shown} width={width} range={range} />
      {!compactRows && <span className="wider" style={{ width: WIDTHS.initiator }}>Initiator</span>}
      <span className="r" style={{ width: WIDTHS.started }}>
        Started
      </span>
      <span className="r" style={{ width: WIDTHS.duration }}>
        Duration
      </span>
      <span className="last widest" style={{ width: WIDTHS.status }}>
        Status and reason
      </span>
    </div>
  );
  return (
    <Grid
      label="Releases"
      inSight={inSight}
      head={!phone && head}
      narrow={phone}
      row={(index) => {
        const item = items[index];
        if (!item) return null;
        return phone ? (
          <ReleaseCard key={item.id} item={item} height={CARD} />
        ) : (
          <Row
            key={item.id}
            item={item}
            index={index}
            at={at === index}
            flow={flowOf.get(item.flow)}
            places={places}
            width={width}
            range={range}
            withProduct={withProduct}
            compact={compactRows}
          />
        );
      }}
    />
  );
}

/** `J` and `K` move along the rows, `Enter` opens the one with the focus, as with any link. */
function useRowKeys(count: number, show: (index: number) => void): number {
  const [at, setAt] = useState(-1);
  const move = (by: number) => {
    const next = Math.min(count - 1, Math.max(0, at + by));
    setAt(next);
    show(next);
    requestAnimationFrame(() =>
      document.querySelector<HTMLElement>(`[data-row="${next}"]`)?.focus({ preventScroll: true }),
    );
  };
  usePageKeys([
    ["j", () => move(1)],
    ["k", () => move(-1)],
  ]);
  return at;
}

function Legend() {
  return (
    <div className="legend hide-narrow">
      {STATUSES.map((status) => (
        <span key={status}>
          <Glyph status={status} size={12} label="" />
          {status}
        </span>
      ))}
      <span className="grow" />
      <span>
        <kbd>J</kbd> <kbd>K</kbd> move, <kbd>Enter</kbd> open
      </span>
    </div>
  );
}
