/** The first screen: every product, where its versions are, and what needs someone. */

import { useMediaQuery } from "@mantine/hooks";
import { usePrefetchQuery, useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { memo, useMemo } from "react";
import * as queries from "../api/queries";
import type { FlowItem, ProductEnvironment, ProductItem } from "../api/schema";
import { Glyph, StatusWord } from "../kit/Glyph";
import { Go, productPath, releasePath } from "../kit/Go";
import { Grid, useInSight } from "../kit/Grid";
import { Person } from "../kit/Person";
import { SearchField } from "../kit/SearchField";
import { Answer, Empty, LoadingRows, MoreComing } from "../kit/states";
import { NEEDS_SOMEONE, standing, word } from "../kit/status";
import { Ago, Moment } from "../kit/Time";
import { between, parallel, type Stretch } from "../kit/track";
import { Track } from "../kit/Track";
import type { Range } from "../kit/columns";
import { ColumnHeads } from "../releases/ColumnHeads";
import type { Column } from "../releases/columns";
import { sentence } from "../releases/Row";
import { usePage } from "../shell/page";
import { Favourite, useFavourites } from "./favourites";
import { needs } from "./needs";

const ROW = 56;
const NARROW_ROW = 148;
const NARROW_MOST = 6;
const WIDTHS = { star: 40, product: 168, latest: 236, initiator: 132, started: 96 } as const;
type Show = "favourites" | "unfinished" | undefined;

export function Products() {
  usePage({ title: "Products" });
  const products = useQuery(queries.products);
  // What the table needs beside them is asked for at the same time, not after them.
  usePrefetchQuery(queries.environments);
  usePrefetchQuery(queries.flows);
  return (
    <div className="page full">
      <Answer of={products} page="Products" loading={<Loading />}>
        {({ items, next_cursor }) =>
          items.length ? <Overview items={items} more={Boolean(next_cursor)} /> : <NoProducts />
        }
      </Answer>
    </div>
  );
}

function Loading() {
  return (
    <>
      <div className="head">
        <h1>Products</h1>
      </div>
      <div className="table">
        <LoadingRows height={ROW} rows={8} />
      </div>
    </>
  );
}

function NoProducts() {
  return (
    <>
      <div className="head">
        <h1>Products</h1>
      </div>
      <div className="panel">
        <Empty title="No product is configured">
          <p>
            Put a <code>Product</code> into the configuration source; <code>towpath lint</code> says what
            is wrong with it.
          </p>
          <Link to="/configuration" className="lk">
            The configuration in force
          </Link>
        </Empty>
      </div>
    </>
  );
}

interface OverviewProps {
  readonly items: readonly ProductItem[];
  /** Whether others are on their way. */
  readonly more: boolean;
}

function Overview({ items, more }: OverviewProps) {
  const { q = "", show } = useSearch({ from: "/shell/" });
  const navigate = useNavigate();
  const favourites = useFavourites();
  const set = (next: { q?: string; show?: Show }, replace = true) =>
    void navigate({
      to: "/",
      search: { ...(next.q ? { q: next.q } : {}), ...(next.show ? { show: next.show } : {}) },
      replace,
    });
  const unfinished = items.filter((item) => item.latest && item.latest.status !== "succeeded");
  const shown = useMemo(() => {
    const wanted = items.filter(
      (item) =>
        matches(item, q) &&
        (show !== "favourites" || favourites.has(item.name)) &&
        (show !== "unfinished" || (item.latest && item.latest.status !== "succeeded")),
    );
    const first = (item: ProductItem) => (favourites.has(item.name) ? 0 : 1);
    return wanted.sort((a, b) => first(a) - first(b) || a.name.localeCompare(b.name));
  }, [items, q, show, favourites]);
  return (
    <>
      <div className="head">
        <h1>
          Products <span className="n">{items.length}</span>
        </h1>
        <SearchField
          label="Search products"
          hint="Name, tag or component"
          value={q}
          change={(next) => set({ q: next, show: show as Show })}
        />
        <div className="seg" role="group" aria-label="Which products">
          <Choice on={!show} choose={() => set({ q }, false)} title="All" />
          <Choice
            on={show === "favourites"}
            choose={() => set({ q, show: "favourites" }, false)}
            title="Favourites"
            count={items.filter((item) => favourites.has(item.name)).length}
          />
          <Choice
            on={show === "unfinished"}
            choose={() => set({ q, show: "unfinished" }, false)}
            title="Not succeeded"
            count={unfinished.length}
          />
        </div>
        {more && <MoreComing />}
        <span className="grow" />
        <span className="t3 s12 hide-narrow">Favourites first, then by name</span>
      </div>
      <Needs items={items} />
      {shown.length ? (
        <Table items={shown} />
      ) : more ? (
        <LoadingRows height={ROW} />
      ) : (
        <div className="panel">
          <Empty title="Nothing matches">
            <button className="btn" onClick={() => set({})}>
              Show all products
            </button>
          </Empty>
        </div>
      )}
      <Legend />
    </>
  );
}

function matches(item: ProductItem, q: string): boolean {
  const words = [item.name, item.description, ...item.tags, ...item.components].join("\n").toLowerCase();
  return words.includes(q.toLowerCase());
}

interface ChoiceProps {
  readonly title: string;
  readonly on: boolean;
  readonly count?: number;
  readonly choose: () => void;
}

function Choice({ title, on, count, choose }: ChoiceProps) {
  return (
    <button aria-pressed={on} onClick={choose}>
      {title} {count !== undefined && <span className="n">{count}</span>}
    </button>
  );
}

// --- what needs someone ----------------------------------------------------------------------
const MOST_NEEDS = 6;

function Needs({ items }: { readonly items: readonly ProductItem[] }) {
  const all = useMemo(() => needs(items), [items]);
  if (!all.length) return null;
  return (
    <section aria-label="Needs someone">
      <h2 className="needs-title">
        Needs someone <span className="n">{all.length}</span>
      </h2>
      <div className="needs">
        {all.slice(0, MOST_NEEDS).map((need) => (
          <div key={`${need.release} ${need.status} ${need.why}`} className={`need ${need.status}`}>
            <Glyph status={need.status} />
            <span className="grow s12 t2">
              <span className="m" title={`${need.environments.join(", ")}: ${need.why}`}>
                {need.environments.join(", ")}: {need.why}
              </span>
              <Link
                to="/releases/$release"
                params={{ release: need.release }}
                className="lk"
              >
                {need.release}
              </Link>
              {need.who && `, ${need.who}`}
              {need.since && (
                <>
                  , <Ago at={need.since} />
                </>
              )}
            </span>
            <Link
              to="/releases/$release"
              params={{ release: need.release }}
              className="btn sm"
              aria-label={`Open ${need.release}, ${need.environments.join(", ")}`}
            >
              Open
            </Link>
          </div>
        ))}
      </div>
      {all.length > MOST_NEEDS && (
        <Link to="/releases" search={{ status: NEEDS_SOMEONE }} className="lk s12">
          All releases that need someone
        </Link>
      )}
    </section>
  );
}

// --- the table -------------------------------------------------------------------------------
function Table({ items }: { readonly items: readonly ProductItem[] }) {
  const phone = useMediaQuery("(max-width: 760px)", false, { getInitialValueInEffect: false });
  const roomy = useMediaQuery("(min-width: 1360px)", true, { getInitialValueInEffect: false });
  const environments = useQuery(queries.environments);
  const flows = useQuery(queries.flows);
  const columns = useMemo(() => {
    const here = new Set(items.flatMap((item) => item.environments.map((each) => each.name)));
    // Columns stay where they first are: only where nobody can say their order, any order will do.
    const some = environments.isPending ? [] : items.flatMap((item) => item.environments);
    const known = environments.data?.items ?? some;
    const named = new Map(known.map((each) => [each.name, each.kind === "prod"]));
    return [...named].filter(([name]) => here.has(name)).map(([name, production]) => ({ name, production }));
  }, [items, environments.data, environments.isPending]);
  const places = useMemo(() => new Map(columns.map((column, place) => [column.name, place])), [columns]);
  const flowOf = useMemo(() => new Map(flows.data?.items.map((flow) => [flow.name, flow])), [flows.data]);
  const width = Math.round(Math.min(132, Math.max(92, 620 / Math.max(1, columns.length))));
  const before =
    WIDTHS.star + WIDTHS.product + WIDTHS.latest + (roomy ? WIDTHS.initiator + WIDTHS.started : 0);
  const inSight = useInSight({
    rows: items.length,
    height: phone ? NARROW_ROW : ROW,
    columns: columns.length,
    width,
    before,
    beside: 4,
  });
  const range = inSight.columns;
  return (
    <Grid
      label="Products"
      inSight={inSight}
      head={!phone && <Head columns={columns} width={width} range={range} roomy={roomy} />}
      narrow={phone}
      row={(index) => {
        const item = items[index];
        if (!item) return null;
        return phone ? (
          <Card key={item.name} item={item} />
        ) : (
          <Row
            key={item.name}
            item={item}
            places={places}
            flow={flowOf.get(item.flows[0] ?? "")}
            width={width}
            range={range}
            roomy={roomy}
          />
        );
      }}
    />
  );
}

interface HeadProps {
  readonly columns: readonly Column[];
  readonly width: number;
  readonly range: Range;
  readonly roomy: boolean;
}

function Head({ columns, width, range, roomy }: HeadProps) {
  return (
    <div className="grid-head thead" aria-hidden="true">
      <span className="stick widest" style={{ width: WIDTHS.star + WIDTHS.product }}>
        <span style={{ paddingLeft: WIDTHS.star - 16 }}>Product</span>
      </span>
      <span className="widest" style={{ width: WIDTHS.latest }}>
        Latest release
      </span>
      {roomy && <span className="wider" style={{ width: WIDTHS.initiator }}>Initiator</span>}
      {roomy && (
        <span className="r" style={{ width: WIDTHS.started }}>
          Started
        </span>
      )}
      <ColumnHeads columns={columns} width={width} range={range} />
    </div>
  );
}

interface RowProps {
  readonly item: ProductItem;
  readonly places: ReadonlyMap<string, number>;
  readonly flow: FlowItem | undefined;
  readonly width: number;
  readonly range: Range;
  readonly roomy: boolean;
}

const Row = memo(function Row({ item, places, flow, width, range, roomy }: RowProps) {
  const { latest } = item;
  return (
    <div className="grid-row" style={{ height: ROW }}>
      <span className="stick row widest" style={{ width: WIDTHS.star + WIDTHS.product, gap: 0 }}>
        <span style={{ width: WIDTHS.star - 16 }}>
          <Favourite product={item.name} />
        </span>
        <Go to={productPath(item.name)} className="two grow" title={item.description}>
          <b className="b el">{item.name}</b>
          <span className="t2 s12 el">{item.components.join(", ")}</span>
        </Go>
      </span>
      <span className="two widest" style={{ width: WIDTHS.latest }}>
        {latest ? (
          <Go to={releasePath(latest.id)} className="two">
            <span className="row">
              <span className="m el">{latest.id}</span>
              <StatusWord status={latest.status} />
            </span>
            <span className="t2 s12 el" title={latest.reason?.sentence}>
              {sentence(latest)}
            </span>
          </Go>
        ) : (
          <span className="t3">No release yet</span>
        )}
      </span>
      {roomy && (
        <span className="wider" style={{ width: WIDTHS.initiator }}>{latest && <Person name={latest.initiator} />}</span>
      )}
      {roomy && (
        <span className="t2 r nw" style={{ width: WIDTHS.started }}>
          {latest && <Moment at={latest.created_at} />}
        </span>
      )}
      <Strip item={item} places={places} flow={flow} width={width} range={range} />
    </div>
  );
});

function Strip({ item, places, flow, width, range }: Omit<RowProps, "roomy">) {
  const stops = item.environments.flatMap((environment) => {
    const column = places.get(environment.name);
    return column === undefined ? [] : [{ column, environment: environment.name, of: environment }];
  });
  const newest = stops[0]?.of;
  const groups = parallel(stops, flow);
  const lines: Stretch[] = stops.slice(1).map((stop, place) => ({
    from: stops[place]?.column ?? 0,
    to: stop.column,
    solid: sameVersion(stops[place]?.of, stop.of),
  }));
  return (
    <Track
      columns={places.size}
      width={width}
      range={range}
      line={20}
      stretches={between(lines, groups)}
      groups={groups}
      stops={stops.map(({ column, of }) => ({
        column,
        title: environmentTitle(of),
        glyph: <EnvironmentGlyph of={of} />,
        below: (
          <span className={sameVersion(newest, of) ? "ver new" : "ver"}>{versionOf(of)}</span>
        ),
      }))}
    />
  );
}

export function EnvironmentGlyph({ of }: { readonly of: ProductEnvironment }) {
  const status = standing(of);
  if (!status) {
    return (
      <span className="found" role="img" aria-label={`${of.name}: here before the first release`} />
    );
  }
  return <Glyph status={status} label={`${of.name}: ${word(status)}`} />;
}

export function versionOf(of: ProductEnvironment): string {
  const [only, ...others] = of.versions;
  if (others.length) return of.release || `${others.length + 1} versions`;
  return only ?? "–";
}

function sameVersion(a: ProductEnvironment | undefined, b: ProductEnvironment): boolean {
  return a !== undefined && a.versions.join() === b.versions.join();
}

function environmentTitle(of: ProductEnvironment): string {
  const lines = [`${of.name}: ${of.versions.join(", ") || "nothing seen here"}`];
  if (of.release) lines.push(`brought by ${of.release}`);
  else if (of.versions.length) lines.push("here before the first release");
  for (const each of of.on_its_way) lines.push(`${each.release} ${each.status} ${each.sentence}`.trim());
  if (of.locked) lines.push("locked");
  return lines.join("\n");
}

function Card({ item }: { readonly item: ProductItem }) {
  const { latest } = item;
  return (
    <div className="product-card" style={{ height: NARROW_ROW }}>
      <div className="row">
        <Favourite product={item.name} />
        <Link to="/products/$product" params={{ product: item.name }} className="b el grow">
          {item.name}
        </Link>
        {latest && <StatusWord status={latest.status} />}
      </div>
      <p className="s12 t2 el">
        {latest ? (
          <Link
            to="/releases/$release"
            params={{ release: latest.id }}
          >
            <span className="lk">{latest.id}</span>, {sentence(latest)}
          </Link>
        ) : (
          "No release yet"
        )}
      </p>
      <div className="mini">
        {item.environments.slice(0, item.environments.length > NARROW_MOST ? NARROW_MOST - 1 : NARROW_MOST).map((of) => (
          <span key={of.name} title={environmentTitle(of)}>
            <EnvironmentGlyph of={of} />
            <span className="el">{of.name}</span> <b className="ver t2 el">{versionOf(of)}</b>
          </span>
        ))}
        {item.environments.length > NARROW_MOST && <span>and {item.environments.length - NARROW_MOST + 1} more</span>}
      </div>
    </div>
  );
}

function Legend() {
  return (
    <div className="legend hide-narrow">
      <span>
        <i className="legend-line" /> same version on both sides
      </span>
      <span>
        <i className="legend-line ahead" /> the left side is ahead
      </span>
      <span>
        <i className="legend-group" /> environments in parallel
      </span>
      <span>
        <i className="found" /> here before the first release
      </span>
    </div>
  );
}
