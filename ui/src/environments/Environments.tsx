/** All environments and all products: who stands how where, locks, windows, and counters that filter. */

import { Menu, Popover } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { memo, type ReactNode, useMemo, useState } from "react";
import * as queries from "../api/queries";
import type { ConfiguredEnvironment, ProductEnvironment, ProductItem, Status } from "../api/schema";
import { Glyph } from "../kit/Glyph";
import { Go, productPath, releasePath } from "../kit/Go";
import { Grid, useInSight } from "../kit/Grid";
import { Icon } from "../kit/Icon";
import { SearchField } from "../kit/SearchField";
import { Answer, Empty, LoadingRows, MoreComing } from "../kit/states";
import { standing, STATUSES, word } from "../kit/status";
import { Moment } from "../kit/Time";
import { setDuration } from "../kit/times";
import type { Range } from "../kit/columns";
import { LockDialog, unlock } from "../product/dialogs";
import { EnvironmentGlyph, versionOf } from "../products/Products";
import { usePage } from "../shell/page";
import { inWords } from "./rules";
import { found } from "./sought";

const ROW = 52;
const COLUMN = 172;
const NAME = 168;

export function Environments() {
  usePage({ title: "Environments" });
  const environments = useQuery(queries.environments);
  const products = useQuery(queries.products);
  return (
    <div className="page full">
      <Answer of={environments} page="Environments" loading={<LoadingRows page="Environments" height={ROW} />}>
        {({ items }) =>
          items.length ? (
            <Answer of={products} page="Environments" loading={<LoadingRows page="Environments" height={ROW} />}>
              {(known) => (
                <Overview environments={items} products={known.items} more={Boolean(known.next_cursor)} />
              )}
            </Answer>
          ) : (
            <>
              <div className="head">
                <h1>Environments</h1>
              </div>
              <div className="panel">
                <Empty title="No environment is configured">
                  <p>
                    An <code>Environment</code> in the configuration covers clusters and namespaces.
                  </p>
                </Empty>
              </div>
            </>
          )
        }
      </Answer>
    </div>
  );
}

interface OverviewProps {
  readonly environments: readonly ConfiguredEnvironment[];
  readonly products: readonly ProductItem[];
  /** Whether others are on their way. */
  readonly more: boolean;
}

function Overview({ environments, products, more }: OverviewProps) {
  const { q = "", show } = useSearch({ from: "/shell/environments" });
  const navigate = useNavigate();
  const set = (next: { q?: string | undefined; show?: string | undefined }, replace = false) =>
    void navigate({
      to: ".",
      search: Object.fromEntries(Object.entries(next).filter(([, value]) => value)),
      replace,
    });
  const status = STATUSES.find((each) => each === show);
  const onlyLocked = show === "locked";
  const { rows, columns } = useMemo(
    () => found(environments, products, { q, status, onlyLocked }),
    [environments, products, q, status, onlyLocked],
  );
  return (
    <>
      <div className="head">
        <h1>
          Environments <span className="n">{environments.length}</span>
        </h1>
        <SearchField
          label="Search environments and products"
          hint="Environment or product"
          value={q}
          change={(next) => set({ q: next, show }, true)}
        />
        <Counters products={products} show={show} choose={(next) => set({ q, show: next })} />
        {more && <MoreComing />}
      </div>
      {rows.length ? (
        <Board columns={columns} rows={rows} status={status} onlyLocked={onlyLocked} />
      ) : more ? (
        <LoadingRows height={ROW} />
      ) : (
        <div className="panel">
          <Empty title="Nothing matches">
            <button className="btn" onClick={() => set({})}>
              Show everything
            </button>
          </Empty>
        </div>
      )}
    </>
  );
}

interface CountersProps {
  readonly products: readonly ProductItem[];
  readonly show: string | undefined;
  readonly choose: (show: string | undefined) => void;
}

function Counters({ products, show, choose }: CountersProps) {
  const all = products.flatMap((product) => product.environments);
  const counts = new Map<Status, number>();
  for (const each of all) {
    const status = standing(each);
    if (status) counts.set(status, (counts.get(status) ?? 0) + 1);
  }
  const locked = all.filter((each) => each.locked).length;
  const button = (name: string, count: number, glyph: ReactNode) => (
    <button
      key={name}
      className="btn"
      aria-pressed={show === name}
      onClick={() => choose(show === name ? undefined : name)}
    >
      {glyph}
      {count} {name}
    </button>
  );
  return (
    <div className="row counters" role="group" aria-label="Filter by status">
      {STATUSES.filter((status) => counts.has(status) || show === status).map((status) =>
        button(status, counts.get(status) ?? 0, <Glyph status={status} size={14} label="" />),
      )}
      {(locked > 0 || show === "locked") && button("locked", locked, <Icon name="lock" />)}
    </div>
  );
}

interface BoardProps {
  readonly columns: readonly ConfiguredEnvironment[];
  readonly rows: readonly ProductItem[];
  readonly status: Status | undefined;
  readonly onlyLocked: boolean;
}

function Board({ columns, rows, status, onlyLocked }: BoardProps) {
  const phone = useMediaQuery("(max-width: 760px)", false, { getInitialValueInEffect: false });
  const [locking, setLocking] = useState<string | null>(null);
  // Windows have a button beside the name.
  const width = phone ? (columns.some((each) => each.windows.length) ? 164 : 132) : COLUMN;
  const name = phone ? 112 : NAME;
  const inSight = useInSight({
    rows: rows.length,
    height: ROW,
    columns: columns.length,
    width,
    before: name,
    beside: 2,
  });
  const range = inSight.columns;
  const head = (
    <div className="grid-head thead env-heads">
      <span className="stick" style={{ width: name }}>
        Product
      </span>
      <div className="track" style={{ width: columns.length * width, height: 64 }}>
        {columns.slice(range.from, range.to).map((column, place) => (
          <Head
            key={column.name}
            column={column}
            left={(range.from + place) * width}
            width={width}
            lock={setLocking}
          />
        ))}
      </div>
    </div>
  );
  return (
    <>
      <Grid
        label="Products by environment"
        inSight={inSight}
        head={head}
        narrow={false}
        row={(index) => {
          const product = rows[index];
          return (
            product && (
              <Row
                key={product.name}
                product={product}
                columns={columns}
                range={range}
                width={width}
                name={name}
                status={status}
                onlyLocked={onlyLocked}
              />
            )
          );
        }}
      />
      {locking !== null && <LockDialog product="" environment={locking} close={() => setLocking(null)} />}
    </>
  );
}

interface HeadProps {
  readonly column: ConfiguredEnvironment;
  readonly left: number;
  readonly width: number;
  readonly lock: (environment: string) => void;
}

const Head = memo(function Head({ column, left, width, lock }: HeadProps) {
  const whole = column.locks.find((each) => each.product === "");
  return (
    <div className="env-head" style={{ left, width }}>
      <div className="row">
        <b className="b el grow" title={column.name}>
          {column.name}
        </b>
        {column.windows.length > 0 && <Windows column={column} />}
        <Menu position="bottom-end">
          <Menu.Target>
            <button className="ib sm" aria-label={`What can be done with ${column.name}`}>
              <Icon name="more" />
            </button>
          </Menu.Target>
          <Menu.Dropdown>
            {whole ? (
              <Menu.Item onClick={() => void unlock("", column.name)}>Unlock all of {column.name}</Menu.Item>
            ) : (
              <Menu.Item onClick={() => lock(column.name)}>Lock all of {column.name}…</Menu.Item>
            )}
          </Menu.Dropdown>
        </Menu>
      </div>
      {whole ? (
        <span className="st suspended el" title={`Locked by ${whole.author}: ${whole.reason}`}>
          <Icon name="lock" size={12} />
          <span className="el">{whole.reason}</span>
        </span>
      ) : (
        <span className="t3">
          {column.kind === "prod" && "production, "}
          {column.products.length} {column.products.length === 1 ? "product" : "products"}
          {column.locks.length > 0 && `, ${column.locks.length} locked`}
        </span>
      )}
    </div>
  );
});

function Windows({ column }: { readonly column: ConfiguredEnvironment }) {
  return (
    <Popover position="bottom-end">
      <Popover.Target>
        <button className="ib sm" aria-label={`Windows of ${column.name}`}>
          <Icon name="window" />
        </button>
      </Popover.Target>
      <Popover.Dropdown>
        <ul className="windows">
          {column.windows.map((window, place) => (
            <li key={place}>
              <b className="m">{window.kind === "allow" ? "Promotions may begin" : "No promotions"}</b>
              {window.description && <div>{window.description}</div>}
              <div className="t2">
                {setDuration(window.duration_seconds)} from <Rule of={window.rrule} />, {window.timezone}
              </div>
            </li>
          ))}
        </ul>
      </Popover.Dropdown>
    </Popover>
  );
}

function Rule({ of }: { readonly of: string }) {
  const words = inWords(of);
  return words ? <span title={of}>{words}</span> : <span className="mono">{of}</span>;
}

interface RowProps {
  readonly product: ProductItem;
  readonly columns: readonly ConfiguredEnvironment[];
  readonly range: Range;
  readonly width: number;
  readonly name: number;
  readonly status: Status | undefined;
  readonly onlyLocked: boolean;
}

const Row = memo(function Row({ product, columns, range, width, name, status, onlyLocked }: RowProps) {
  const places = useMemo(
    () => new Map(product.environments.map((each) => [each.name, each])),
    [product],
  );
  return (
    <div className="grid-row" style={{ height: ROW }}>
      <Go to={productPath(product.name)} className="stick b" style={{ width: name }}>
        <span className="env-name">{product.name}</span>
      </Go>
      <div className="track" style={{ width: columns.length * width }}>
        {columns.slice(range.from, range.to).map((column, place) => {
          const of = places.get(column.name);
          if (!of) return null;
          const faint = (status && standing(of) !== status) || (onlyLocked && !of.locked);
          return (
            <Cell
              key={column.name}
              of={of}
              product={product.name}
              left={(range.from + place) * width}
              width={width}
              faint={faint === true}
            />
          );
        })}
      </div>
    </div>
  );
});

interface CellProps {
  readonly of: ProductEnvironment;
  readonly product: string;
  readonly left: number;
  readonly width: number;
  readonly faint: boolean;
}

const Cell = memo(function Cell({ of, product, left, width, faint }: CellProps) {
  const [coming] = of.on_its_way;
  const release = coming?.release ?? of.release;
  const content = (
    <>
      <span className="row">
        <EnvironmentGlyph of={of} />
        <span className="ver el grow" title={of.versions.join(", ")}>
          {versionOf(of)}
        </span>
        {of.locked && <Icon name="lock" size={12} className="locked" />}
      </span>
      <span className="t2 s11 el" title={coming?.sentence}>
        {coming ? (
          `${coming.release} ${coming.status}`
        ) : of.at ? (
          <>
            {of.status && of.status !== "succeeded" ? word(of.status) : "since"} <Moment at={of.at} />
          </>
        ) : (
          "nothing seen yet"
        )}
      </span>
    </>
  );
  const style = { left, width };
  const kind = `env-cell${faint ? " faint" : ""}`;
  return release ? (
    <Go to={releasePath(release, { environment: of.name })} className={kind} style={style}>
      {content}
    </Go>
  ) : (
    <Go to={productPath(product)} className={kind} style={style}>
      {content}
    </Go>
  );
});
