/** A product's board: a column for each environment, a card for each component; drag to promote. */

import { Menu } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { type DragEvent, useMemo, useState } from "react";
import * as queries from "../api/queries";
import * as wishes from "../api/wishes";
import type { LockShown, OnItsWay, ProductDocument } from "../api/schema";
import { Advice } from "../kit/Advice";
import { Dialog } from "../kit/dialogs";
import { Glyph } from "../kit/Glyph";
import { Icon } from "../kit/Icon";
import { tell } from "../kit/reports";
import { Answer, Empty, LoadingRows } from "../kit/states";
import { Ago, Moment, Since } from "../kit/Time";
import { sha } from "../kit/words";
import { usePage } from "../shell/page";
import * as board from "./board";
import { LockDialog, PromoteDialog, RollbackDialog, unlock, type Wanted } from "./dialogs";
import { ProductTabs } from "./ProductTabs";

/** What is in the hand: some components of an environment (none named: all). */
interface Held {
  readonly from: string;
  readonly components: readonly string[];
}

type Asked =
  | { readonly kind: "promote"; readonly wanted: Wanted }
  | { readonly kind: "rollback" | "lock"; readonly environment: string };

export function Board() {
  const { product: name } = useParams({ from: "/shell/products/$product" });
  usePage({ title: "Products", to: "/" }, { title: name });
  const product = useQuery(queries.product(name));
  return (
    <div className="page full">
      <Answer
        of={product}
        page={name}
        others={{ to: "/", title: "All products" }}
        loading={<LoadingRows page={name} height={56} />}
      >
        {(document) => <Columns product={document} />}
      </Answer>
    </div>
  );
}

function Columns({ product }: { readonly product: ProductDocument }) {
  const flows = useQuery(queries.flows);
  const [held, setHeld] = useState<Held | null>(null);
  const [asked, setAsked] = useState<Asked | null>(null);
  const columns = useMemo(() => board.columns(product, flows.data?.items ?? []), [product, flows.data]);
  const promote = (from: string, to: string, components: readonly string[]) =>
    setAsked({ kind: "promote", wanted: { product: product.name, from, to, components } });
  const close = () => setAsked(null);
  return (
    <>
      <ProductTabs product={product.name} here="board">
        {product.configured && <Begin product={product.name} />}
      </ProductTabs>
      {!product.configured && (
        <p className="note suspended">
          <Icon name="warning" />
          <span>
            Only the annotations of applications name this product: it is tracked, and not promoted.
          </span>
        </p>
      )}
      {columns.length ? (
        // The board scrolls sideways, also by the keys.
        // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
        <div className="board" tabIndex={0} role="region" aria-label={`Environments of ${product.name}`}>
          {columns.map((column) => (
            <Column
              key={column.environment.name}
              column={column}
              all={columns}
              product={product}
              held={held}
              hold={setHeld}
              drop={(to) => {
                if (held) promote(held.from, to, held.components);
                setHeld(null);
              }}
              promote={(to, components) => promote(column.environment.name, to, components)}
              ask={(kind) => setAsked({ kind, environment: column.environment.name })}
            />
          ))}
        </div>
      ) : (
        <div className="panel">
          <Empty title="No application of this product is in any environment">
            <p>
              An <code>Application</code> belongs to a product by its annotation, and to the environment that
              covers its destination.
            </p>
          </Empty>
        </div>
      )}
      {product.trouble.length > 0 && <Troubles product={product} />}
      {asked?.kind === "promote" && <PromoteDialog wanted={asked.wanted} close={close} />}
      {asked?.kind === "rollback" && (
        <RollbackDialog product={product.name} environment={asked.environment} close={close} />
      )}
      {asked?.kind === "lock" && (
        <LockDialog product={product.name} environment={asked.environment} close={close} />
      )}
    </>
  );
}

/** At the lower end, where what comes and goes moves no card. */
function Troubles({ product }: { readonly product: ProductDocument }) {
  return (
    // There may be more than there is room for: it scrolls, also by the keys.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <div className="troubles" tabIndex={0} role="region" aria-label={`Trouble of ${product.name}`}>
      {product.trouble.map((trouble) => (
        <p
          key={trouble.subject + trouble.scope}
          className={`note ${trouble.scope === "drift" ? "suspended" : "error"}`}
          role="alert"
        >
          <Icon name="warning" />
          <span>
            <b>{trouble.reason.sentence}</b>
            <Advice of={trouble.reason.advice} />
          </span>
        </p>
      ))}
    </div>
  );
}

function Begin({ product }: { readonly product: string }) {
  const [asked, setAsked] = useState(false);
  const begin = async () => {
    const made = await wishes.create(product);
    tell(`${made.id} began.`, "succeeded", "", made.id);
  };
  return (
    <>
      <button className="btn" onClick={() => setAsked(true)}>
        <Icon name="plus" />
        New release…
      </button>
      {asked && (
        <Dialog title={`Release ${product}?`} verb="Release" close={() => setAsked(false)} act={begin}>
          <p>What is in its trigger environment now goes along its flow, as a release in your name.</p>
        </Dialog>
      )}
    </>
  );
}

interface ColumnProps {
  readonly column: board.Column;
  readonly all: readonly board.Column[];
  readonly product: ProductDocument;
  readonly held: Held | null;
  readonly hold: (held: Held | null) => void;
  readonly drop: (to: string) => void;
  readonly promote: (to: string, components: readonly string[]) => void;
  readonly ask: (kind: "rollback" | "lock") => void;
}

function Column({ column, all, product, held, hold, drop, promote, ask }: ColumnProps) {
  const { environment, cards } = column;
  const name = environment.name;
  const [over, setOver] = useState(false);
  const takes = held !== null && held.from !== name && board.targets(held.from, all).includes(name);
  const locks = product.locks.filter((lock) => lock.environment === name);
  const targets = board.targets(name, all);
  const begin = (components: readonly string[]) => (event: DragEvent) => {
    event.dataTransfer.effectAllowed = "copy";
    event.dataTransfer.setData("text/plain", `${name}: ${components.join(", ") || "all"}`);
    hold({ from: name, components });
  };
  return (
    <section
      className={`column${takes ? " takes" : ""}${takes && over ? " over" : ""}`}
      aria-label={name}
      onDragOver={(event) => {
        if (!takes) return;
        event.preventDefault();
        event.dataTransfer.dropEffect = "copy";
        setOver(true);
      }}
      onDragLeave={(event) => {
        if (!event.currentTarget.contains(event.relatedTarget as Node | null)) setOver(false);
      }}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        if (takes) drop(name);
      }}
    >
      <header>
        {/* Dragging has the menu beside it for the keys. */}
        <div
          className="row"
          draggable={targets.length > 0}
          onDragStart={begin([])}
          onDragEnd={() => hold(null)}
        >
          <h2 className="el" title={name}>
            {name}
          </h2>
          {environment.kind === "prod" && <span className="chip ln">prod</span>}
          {environment.locked && <Icon name="lock" className="locked" />}
          <span className="grow" />
          <ColumnMenu
            name={name}
            targets={targets}
            locks={locks}
            release={environment.release}
            product={product.name}
            promote={(to) => promote(to, [])}
            ask={ask}
          />
        </div>
        <Behind column={column} all={all} />
        {locks.map((lock) => (
          <Lock key={lock.product} lock={lock} />
        ))}
        <Arriving column={column} />
      </header>
      <div>
      {takes && over && (
        <p className="drop-here">
          Promote {held?.components.join(", ") || "all components"} to {name}
        </p>
      )}
      {cards.map((card) => (
        <ComponentCard
          key={card.component}
          card={card}
          environment={name}
          held={held !== null && held.from === name && (held.components[0] ?? card.component) === card.component}
          targets={targets}
          begin={begin([card.component])}
          end={() => hold(null)}
          promote={(to) => promote(to, [card.component])}
        />
      ))}
      </div>
    </section>
  );
}

function Behind({ column, all }: { readonly column: board.Column; readonly all: readonly board.Column[] }) {
  const { words, since } = board.behind(column, all);
  const { release } = column.environment;
  return (
    <div className="two s12 t2 behind">
      <span className="el" title={words}>
        {words}
      </span>
      <span className="row">
        {release && (
          <Link
            to="/releases/$release"
            params={{ release }}
            className="lk el"
            title={`What is here: ${release}`}
          >
            {release}
          </Link>
        )}
        {since && (
          <span className="nw">
            for <Since at={since} />
          </span>
        )}
      </span>
    </div>
  );
}

function Lock({ lock }: { readonly lock: LockShown }) {
  return (
    <p className="note suspended">
      <Icon name="lock" />
      <span title={lock.reason}>
        <b>Locked</b> by {lock.author}: {lock.reason}
        {lock.until && (
          <>
            , until <Moment at={lock.until} />
          </>
        )}
      </span>
    </p>
  );
}

/** The first in line, in a room of one size, so that no card moves; the others open over the page. */
function Arriving({ column }: { readonly column: board.Column }) {
  const { name, on_its_way } = column.environment;
  const [first, ...others] = on_its_way;
  if (!first) return <p className="on-way s12 t3">Nothing on its way</p>;
  return (
    <div className="on-way row">
      <Link
        to="/releases/$release"
        params={{ release: first.release }}
        className={`note grow ${first.status}`}
        title={`${first.release} ${first.status} ${first.sentence}`.trim()}
      >
        <Coming of={first} />
      </Link>
      {others.length > 0 && (
        <Menu position="bottom-end">
          <Menu.Target>
            <button className="btn sm" aria-label={`${others.length} more on their way to ${name}`}>
              +{others.length}
            </button>
          </Menu.Target>
          <Menu.Dropdown className="coming">
            {others.map((each) => (
              <Menu.Item
                key={each.release}
                renderRoot={(props) => (
                  <Link to="/releases/$release" params={{ release: each.release }} {...props} />
                )}
              >
                <span className={`row ${each.status}`}>
                  <Coming of={each} />
                </span>
              </Menu.Item>
            ))}
          </Menu.Dropdown>
        </Menu>
      )}
    </div>
  );
}

function Coming({ of }: { readonly of: OnItsWay }) {
  return (
    <>
      <Glyph status={of.status} size={14} label="" />
      <span className="two">
        <span className="el">
          <span className="m">{of.release}</span> <b>{of.status}</b>
        </span>
        <span className="t2 el">{of.sentence}</span>
      </span>
    </>
  );
}

interface ColumnMenuProps {
  readonly name: string;
  readonly product: string;
  readonly targets: readonly string[];
  readonly locks: readonly LockShown[];
  /** What landed there last; empty where that was before the first release. */
  readonly release: string;
  readonly promote: (to: string) => void;
  readonly ask: (kind: "rollback" | "lock") => void;
}

function ColumnMenu({ name, product, targets, locks, release, promote, ask }: ColumnMenuProps) {
  const mine = locks.some((lock) => lock.product === product);
  const whole = locks.some((lock) => lock.product === "");
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <button className="ib sm" aria-label={`What can be done in ${name}`}>
          <Icon name="more" />
        </button>
      </Menu.Target>
      <Menu.Dropdown>
        {targets.map((to) => (
          <Menu.Item key={to} onClick={() => promote(to)}>
            Promote all to {to}…
          </Menu.Item>
        ))}
        {release && targets.map((to) => <WouldGet key={to} release={release} from={name} to={to} />)}
        {targets.length > 0 && <Menu.Divider />}
        <Menu.Item disabled={!release} onClick={() => ask("rollback")}>
          Roll back…
        </Menu.Item>
        {mine ? (
          <Menu.Item onClick={() => void unlock(product, name)}>Unlock for {product}</Menu.Item>
        ) : (
          <Menu.Item onClick={() => ask("lock")}>Lock for {product}…</Menu.Item>
        )}
        {whole && <Menu.Item onClick={() => void unlock("", name)}>Unlock all of {name}</Menu.Item>}
      </Menu.Dropdown>
    </Menu>
  );
}

interface WouldGetProps {
  readonly release: string;
  readonly from: string;
  readonly to: string;
}

function WouldGet({ release, from, to }: WouldGetProps) {
  return (
    <Menu.Item
      renderRoot={(props) => (
        <Link
          to="/releases/$release/notes"
          params={{ release }}
          search={{ environment: from, from: to }}
          {...props}
        />
      )}
    >
      What {to} would get
    </Menu.Item>
  );
}

interface ComponentCardProps {
  readonly card: board.Card;
  readonly environment: string;
  readonly held: boolean;
  readonly targets: readonly string[];
  readonly begin: (event: DragEvent) => void;
  readonly end: () => void;
  readonly promote: (to: string) => void;
}

function ComponentCard({ card, environment, held, targets, begin, end, promote }: ComponentCardProps) {
  const { cell, component } = card;
  const level = board.isLevel(card) || !card.from;
  const promotes = cell !== null && targets.length > 0;
  return (
    <article
      className={`component${held ? " held" : ""}${cell ? "" : " absent"}${promotes ? "" : " fixed"}`}
      aria-label={`${component} in ${environment}`}
      draggable={promotes}
      onDragStart={begin}
      onDragEnd={end}
    >
      <div className="row title">
        <Icon name="grip" size={12} className="t3" />
        <h3 className="el" title={component}>
          {component}
        </h3>
        <span className="ver el" title={cell?.version}>
          {cell?.version ?? "–"}
        </span>
        {promotes && (
          <Menu position="bottom-end">
            <Menu.Target>
              <button className="ib sm" aria-label={`Promote ${component} from ${environment}`}>
                <Icon name="more" />
              </button>
            </Menu.Target>
            <Menu.Dropdown>
              {targets.map((to) => (
                <Menu.Item key={to} onClick={() => promote(to)}>
                  Promote to {to}…
                </Menu.Item>
              ))}
            </Menu.Dropdown>
          </Menu>
        )}
      </div>
      {cell && (
        <>
          <p className="s12 t2 el" title={cell.subject}>
            {cell.subject || (cell.release ? "By hand" : "Here before the first release")}
          </p>
          <p className="row s12 t2 ends">
            <span className="mono">{sha(cell.commit || cell.revision)}</span>
            <span className="row by">
              {cell.initiator && <span className="el">{cell.initiator},</span>}
              <span className="nw">
                <Ago at={cell.at} />
              </span>
            </span>
          </p>
        </>
      )}
      <footer className={`el ${level ? "t3" : "m"}`} title={board.level(card)}>
        {board.level(card)}
      </footer>
    </article>
  );
}
