/** The frame around every screen: the rail, where one is, finding, and whether the page is live. */

import { Menu } from "@mantine/core";
import { useHotkeys } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { Link, Outlet, useRouter, useRouterState } from "@tanstack/react-router";
import { lazy, Suspense, useEffect, useRef, useState } from "react";
import { callMyself, identity } from "../api/client";
import * as queries from "../api/queries";
import { Dialog, Field } from "../kit/dialogs";
import { usePageKeys } from "../kit/focus";
import { Icon, type IconName } from "../kit/Icon";
import { initials } from "../kit/Person";
import { Reports } from "../kit/reports";
import { clockTime } from "../kit/times";
import { choose, type Choice, useChoice } from "../theme/useTheme";
import { link } from "./connection";
import { Keys } from "./Keys";
import { crumbs } from "./page";

const palette = () => import("./Palette");
const Palette = lazy(palette);

interface Place {
  readonly to: string;
  readonly title: string;
  readonly icon: IconName;
}

const PLACES: readonly Place[] = [
  { to: "/", title: "Products", icon: "products" },
  { to: "/releases", title: "Releases", icon: "releases" },
  { to: "/environments", title: "Environments", icon: "environments" },
  { to: "/where", title: "Trace", icon: "trace" },
];
const SETUP: readonly Place[] = [
  { to: "/flows", title: "Flows", icon: "flows" },
  { to: "/policies", title: "Policies", icon: "policies" },
  { to: "/configuration", title: "Configuration", icon: "configuration" },
];

const IDLE_MS = 3000; // after what the screen itself loads

export function Shell() {
  const [finding, setFinding] = useState(false);
  const [asking, setAsking] = useState(false);
  const router = useRouter();
  useEffect(() => {
    // It is there before it is asked for, so that no letter typed after Ctrl-K is lost; and so is
    // each screen, to be gone to also while the server is away, without the browser's own error.
    // While the server is away they cannot be had; then each is loaded when it is asked for.
    const load = () => {
      void palette().catch(() => undefined);
      for (const route of Object.values(router.routesById)) {
        void Promise.resolve(router.loadRouteChunk(route)).catch(() => undefined);
      }
    };
    const timer = setTimeout(load, IDLE_MS);
    return () => clearTimeout(timer);
  }, [router]);
  useHotkeys([["mod+K", () => setFinding(true)]], []);
  // A screen's own filter goes first: it has the focus by then.
  const find = () => setTimeout(() => !isTyping() && setFinding(true));
  const ask = () => setAsking(true);
  // Where one types a sign with Shift depends on the keyboard.
  usePageKeys([
    ["/", find],
    ["shift+/", find],
    ["?", ask],
    ["shift+?", ask],
  ]);
  return (
    <div className="app">
      <a className="skip" href="#main">
        Skip to content
      </a>
      <Rail ask={ask} />
      <Top find={() => setFinding(true)} />
      <Screen />
      {finding && (
        <Suspense fallback={null}>
          <Palette close={() => setFinding(false)} />
        </Suspense>
      )}
      {asking && <Keys close={() => setAsking(false)} />}
      <Reports />
    </div>
  );
}

function isTyping(): boolean {
  return document.activeElement instanceof HTMLInputElement;
}

/** The screen itself; on a change of place, who reads by ear or key begins at its top. */
function Screen() {
  const main = useRef<HTMLElement>(null);
  const path = useRouterState({ select: (state) => state.location.pathname });
  const first = useRef(true);
  useEffect(() => {
    if (!first.current) main.current?.focus({ preventScroll: true });
    first.current = false;
  }, [path]);
  return (
    <main id="main" ref={main} tabIndex={-1}>
      <Outlet />
    </main>
  );
}

function Rail({ ask }: { readonly ask: () => void }) {
  const configuration = useQuery(queries.configuration);
  const wrong = (configuration.data?.problems.length ?? 0) + (configuration.data?.trouble.length ?? 0);
  const path = useRouterState({ select: (state) => state.location.pathname });
  const entry = ({ to, title, icon }: Place, count = 0) => {
    const here = to === "/" ? path === "/" || path.startsWith("/products") : path.startsWith(to);
    return (
      <Link key={to} to={to} className="n" {...(here ? { "aria-current": "page" } : {})}>
        <Icon name={icon} size={18} />
        {title}
        {count > 0 && (
          <span className="cnt" title={String(count)}>
            {count > 99 ? "99+" : count}
            <span className="vh"> problems</span>
          </span>
        )}
      </Link>
    );
  };
  return (
    <nav className="rail" aria-label="Main">
      <Link className="logo" to="/" aria-label="Towpath, all products">
        <Logo />
      </Link>
      {PLACES.map((place) => entry(place))}
      <div className="div" />
      {SETUP.map((place) => entry(place, place.to === "/configuration" ? wrong : 0))}
      <span className="grow gap" />
      <button className="n hide-narrow" title="Which keys do what (?)" onClick={ask}>
        <Icon name="help" size={18} />
        Keys
      </button>
      <a className="n hide-narrow" href="/api/docs">
        <Icon name="external" size={18} />
        API
      </a>
    </nav>
  );
}

export function Logo() {
  return (
    <svg width="28" height="28" viewBox="0 0 28 28" aria-hidden="true">
      <rect width="28" height="28" rx="7" fill="var(--accent-fill)" />
      <path
        d="M7 19.5h3.5a3.5 3.5 0 0 0 3.5-3.5v-3.5A3.5 3.5 0 0 1 17.5 9H21"
        fill="none"
        stroke="var(--on-accent)"
        strokeWidth="2"
        strokeLinecap="round"
      />
      <circle cx="7.5" cy="19.5" r="2.5" fill="var(--on-accent)" />
      <circle cx="20.5" cy="9" r="2.5" fill="var(--on-accent)" />
    </svg>
  );
}

function Top({ find }: { readonly find: () => void }) {
  const path = crumbs.use();
  return (
    <header className="top">
      <nav aria-label="Where you are" className="grow">
        <ol className="crumb">
          {path.map((crumb, place) => (
            <li key={`${place} ${crumb.title}`} className={crumb.title.length < 16 ? "word" : ""}>
              {place > 0 && <span aria-hidden="true">/</span>}
              {crumb.to && place < path.length - 1 ? (
                <Link to={crumb.to} className="el" title={crumb.title}>
                  {crumb.title}
                </Link>
              ) : (
                <span className="el" aria-current="page" title={crumb.title}>
                  {crumb.title}
                </span>
              )}
            </li>
          ))}
        </ol>
      </nav>
      <button className="kfind" onClick={find}>
        <Icon name="search" />
        <span className="grow">Find a release, commit, pull request or issue</span>
        <kbd>Ctrl</kbd>
        <kbd>K</kbd>
      </button>
      <Connected />
      <ThemeMenu />
      <Myself />
    </header>
  );
}

function Connected() {
  const { state, since } = link.use();
  const words = {
    live: "Live",
    connecting: "Connecting",
    lost: `Reconnecting, shown as of ${clockTime(since.toISOString()).slice(0, 5)}`,
  };
  return (
    <span className={`live ${state}`} role="status">
      <i />
      <span>{words[state]}</span>
    </span>
  );
}

const THEMES: readonly [Choice, string][] = [
  ["system", "As the system"],
  ["light", "Light"],
  ["dark", "Dark"],
];

function ThemeMenu() {
  const choice = useChoice();
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <button className="ib" aria-label="Theme">
          <Icon name="theme" size={16} />
        </button>
      </Menu.Target>
      <Menu.Dropdown>
        {THEMES.map(([each, title]) => (
          <Menu.Item
            key={each}
            onClick={() => choose(each)}
            rightSection={each === choice ? <Icon name="check" size={12} /> : null}
          >
            {title}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

function Myself() {
  const me = useQuery(queries.me);
  const [asked, setAsked] = useState(false);
  if (!me.data) return <span className="av lg" aria-hidden="true" />;
  const { actor, by_token } = me.data;
  return (
    <>
      <button
        className="av lg"
        aria-label={`${initials(actor)}, you are ${actor}`}
        title={actor}
        onClick={() => setAsked(true)}
      >
        {initials(actor)}
      </button>
      {asked && (by_token ? <SignedIn actor={actor} close={() => setAsked(false)} /> : <NameMe close={() => setAsked(false)} />)}
    </>
  );
}

function NameMe({ close }: { readonly close: () => void }) {
  const [name, setName] = useState(identity().name);
  const me = useQuery(queries.me);
  return (
    <Dialog
      title="Who are you?"
      verb="Save"
      close={close}
      act={async () => {
        callMyself(name);
        await me.refetch();
      }}
    >
      <p>
        This server asks nobody for a token. What you do is recorded in the name you give here; without
        one, as “local”.
      </p>
      <Field label="Name">
        <input
          className="input"
          value={name}
          maxLength={100}
          pattern="[ -~]*"
          title="Letters of ASCII only: it is sent as a header"
          onChange={(event) => setName(event.target.value)}
        />
      </Field>
    </Dialog>
  );
}

function SignedIn({ actor, close }: { readonly actor: string; readonly close: () => void }) {
  return (
    <Dialog
      title="Signed in"
      verb="Sign out"
      close={close}
      act={async () => {
        const { signedOut } = await import("../api/client");
        signedOut();
      }}
    >
      <p>
        Your token says that you are <b>{actor}</b>. It is kept for this session of the browser only.
      </p>
    </Dialog>
  );
}
