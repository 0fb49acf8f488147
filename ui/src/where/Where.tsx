/** Where is my change? A commit, pull request, image or issue, and every environment's answer. */

import { useQueries, useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { type FormEvent, useEffect, useMemo, useRef, useState } from "react";
import * as queries from "../api/queries";
import type { EnvironmentAt, Found, ProductAt, TraceDocument } from "../api/schema";
import { usePageKeys } from "../kit/focus";
import { Glyph } from "../kit/Glyph";
import { Icon } from "../kit/Icon";
import { tell, tellProblem } from "../kit/reports";
import { Answer, Empty, LoadingRows } from "../kit/states";
import { Ago, Moment } from "../kit/Time";
import { Actions, known } from "../release/actions";
import { usePage } from "../shell/page";
import { LineOf } from "./LineOf";
import { TimeSpent } from "./TimeSpent";
import * as told from "./where";

export function Where() {
  const { ref = "" } = useSearch({ from: "/shell/where" });
  usePage({ title: "Trace", to: "/where" }, ...(ref ? [{ title: ref }] : []));
  const trace = useQuery({ ...queries.trace(ref), enabled: ref !== "" });
  return (
    <div className="page where">
      <Ask known={ref} found={trace.data?.found ?? null} />
      {ref ? (
        <Answer of={trace} loading={<LoadingRows rows={6} height={36} />}>
          {(document) => <Told trace={document} />}
        </Answer>
      ) : (
        <Hints />
      )}
    </div>
  );
}

function Ask({ known: shown, found }: { readonly known: string; readonly found: Found | null }) {
  const [typed, setTyped] = useState(shown);
  const field = useRef<HTMLInputElement>(null);
  const navigate = useNavigate();
  const go = () => field.current?.select();
  usePageKeys([
    ["/", go],
    ["shift+/", go],
  ]);
  useEffect(() => setTyped(shown), [shown]);
  useEffect(() => {
    if (!shown) field.current?.focus();
  }, [shown]);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void navigate({ to: "/where", search: typed.trim() ? { ref: typed.trim() } : {} });
  };
  const copy = () =>
    navigator.clipboard.writeText(window.location.href).then(() => tell("Link copied."), tellProblem);
  return (
    <form className="ask" role="search" onSubmit={submit}>
      <h1>Trace</h1>
      <label className="field ask-field">
        <Icon name="search" size={16} />
        <input
          ref={field}
          type="search"
          aria-label="A commit, pull request, image or issue"
          placeholder="Commit, pull request, issue…"
          autoComplete="off"
          spellCheck={false}
          maxLength={500}
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
        />
        {found && typed === shown && (
          <span className="chip">
            <Icon name={told.kindOf(found).icon} size={12} />
            {told.kindOf(found).name}
          </span>
        )}
      </label>
      <button className="btn pri ask-button">Find</button>
      <span className="grow" />
      {shown && (
        <button type="button" className="btn" onClick={() => void copy()}>
          <Icon name="copy" />
          Copy link
        </button>
      )}
    </form>
  );
}

const EXAMPLES: readonly [string, string][] = [
  ["SHOP-514", "an issue that commits, pull requests or branches name"],
  ["9f3c2ab", "a commit, of code or of GitOps, whole or its beginning"],
  ["cart#205", "a pull request, or the address of its page"],
  ["shop/cart:1.42.9", "an image by its tag or digest"],
];

function Hints() {
  return (
    <div className="panel">
      <Empty title="Paste what you want to find">
        <dl className="kv hints">
          {EXAMPLES.map(([ref, about]) => (
            <div key={ref}>
              <dt className="mono">{ref}</dt>
              <dd>{about}</dd>
            </div>
          ))}
        </dl>
      </Empty>
    </div>
  );
}

function Told({ trace }: { readonly trace: TraceDocument }) {
  if (trace.candidates.length) return <Candidates trace={trace} />;
  const { found } = trace;
  if (!found || !trace.products.length) return <Nowhere trace={trace} />;
  return trace.products.map((product) => <InProduct key={product.product} found={found} product={product} />);
}

function Candidates({ trace }: { readonly trace: TraceDocument }) {
  const letters = told.lettersApart(trace.candidates);
  return (
    <section className="panel sec" aria-label="Which one?">
      <header>
        <Icon name="help" />
        <h2>{trace.sentence}</h2>
      </header>
      <ul className="candidates">
        {trace.candidates.map((each) => (
          <li key={told.refOf(each)}>
            <Link to="/where" search={{ ref: told.refOf(each) }} className="row">
              <Icon name={told.kindOf(each).icon} />
              <span className="m el" title={each.ref}>
                {told.nameOf(each, letters)}
              </span>
              <span className="t3 nw">{told.kindOf(each).name}</span>
              <span className="grow" />
              <Icon name="right" size={12} className="t3" />
            </Link>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Nowhere({ trace }: { readonly trace: TraceDocument }) {
  // Somebody may paste the name of a release, which has a page of its own.
  const release = useQuery({ ...queries.release(trace.ref), enabled: /\w-\d+$/.test(trace.ref), retry: false });
  if (release.data) {
    return (
      <div className="panel">
        <Empty title={`${release.data.id} is a release`}>
          <Link to="/releases/$release" params={{ release: release.data.id }} className="btn">
            Show {release.data.id}
          </Link>
        </Empty>
      </div>
    );
  }
  return (
    <div className="panel">
      <Empty title={sentence(trace.sentence)}>
        <p>
          {trace.found
            ? "It becomes visible here when a release brings it, or an environment has it."
            : "A change is found once it is in the code of a component or a release brought it. Look whether it is merged, or paste more letters of the commit."}
        </p>
      </Empty>
    </div>
  );
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

// --- one product -----------------------------------------------------------------------------
function InProduct({ found, product }: { readonly found: Found; readonly product: ProductAt }) {
  const names = useMemo(
    () => [...new Set([...product.releases, ...product.environments.map((at) => at.release ?? "")].filter(Boolean))],
    [product],
  );
  const asked = useQueries({ queries: names.map((name) => queries.release(name)) });
  const documents: told.Releases = new Map(
    asked.map(({ data, isPending }, place) => [names[place] ?? "", isPending ? null : data] as const),
  );
  const environments = useQuery(queries.environments);
  const production = new Set(
    environments.data?.items.filter((each) => each.kind === "prod").map((each) => each.name),
  );
  const carrier = documents.get(product.releases[0] ?? "");
  const notes = useQuery({
    ...queries.notes(product.releases[0] ?? "", "", "previous"),
    enabled: product.releases.length > 0,
    retry: false,
  });
  const line = useMemo(() => notes.data && told.line(found, notes.data), [found, notes.data]);
  return (
    <>
      <Headline
        product={product}
        answer={told.headline(product, documents, production)}
        releases={documents}
      />
      {product.releases.length > 0 && (
        <LineOf line={line} trouble={notes.isError} product={product} releases={documents} />
      )}
      <Environments product={product} releases={documents} production={production} />
      {line && <TimeSpent line={line} release={carrier ?? undefined} />}
    </>
  );
}

interface HeadlineProps {
  readonly product: ProductAt;
  readonly answer: told.Answered;
  readonly releases: told.Releases;
}

function Headline({ product, answer, releases }: HeadlineProps) {
  const release = releases.get(answer.held?.release ?? product.releases.at(-1) ?? "");
  const held = release?.environments.find((each) => each.name === answer.held?.environment);
  const due = known(held?.actions ?? []).filter((action) => action !== "skip");
  return (
    <section className={`panel headline ${answer.status}`} aria-label={`Where it is in ${product.product}`}>
      <Glyph status={answer.status} size={24} label="" />
      <div className="grow">
        <h2>{answer.word}</h2>
        <p className="t2">
          <Link to="/products/$product" params={{ product: product.product }} className="lk">
            {product.product}
          </Link>
          {product.components.length > 0 && `, ${product.components.join(", ")}`}. {answer.sentence}
        </p>
      </div>
      {release && (
        <span className="row wrap">
          <Link
            to="/releases/$release/notes"
            params={{ release: release.id }}
            search={held ? { environment: held.name } : {}}
            className="btn"
          >
            Release notes
          </Link>
          {held && due.length > 0 && <Actions release={release.id} environment={held.name} actions={due} />}
        </span>
      )}
    </section>
  );
}

interface EnvironmentsProps {
  readonly product: ProductAt;
  readonly releases: told.Releases;
  readonly production: ReadonlySet<string>;
}

function Environments({ product, releases, production }: EnvironmentsProps) {
  const reached = product.environments.filter((at) => at.state === "reached").length;
  return (
    <section className="panel sec" aria-label={`Environments of ${product.product}`}>
      <header>
        <Icon name="environments" />
        <h2>
          Environments{" "}
          <span className="n">
            {reached} of {product.environments.length} reached
          </span>
        </h2>
      </header>
      <ul>
        {product.environments.map((at) => (
          <li key={at.environment}>
            <EnvironmentRow at={at} release={releases.get(at.release ?? "")} production={production.has(at.environment)} />
          </li>
        ))}
      </ul>
    </section>
  );
}

interface EnvironmentRowProps {
  readonly at: EnvironmentAt;
  readonly release: told.Known;
  readonly production: boolean;
}

function EnvironmentRow({ at, release, production }: EnvironmentRowProps) {
  const { status, word, sentence: why } = told.standing(at, release);
  return (
    <div className={`env-row ${status}`}>
      <span className="row name">
        <Glyph status={status} size={16} label="" />
        <b className="el">{at.environment}</b>
        {production && <span className="chip ln">prod</span>}
      </span>
      <span className="word">{word}</span>
      <span className="t2 why">
        {at.since && (
          <>
            since <Moment at={at.since} />, <Ago at={at.since} />
          </>
        )}
        {at.since && why ? ", " : ""}
        {why}
        {at.components.length > 0 && (
          <span className="parts">
            {at.components.map((part) => (
              <span key={part.component} className="chip ln">
                {part.component}: {part.state.replace("_", " ")}
              </span>
            ))}
          </span>
        )}
      </span>
      {at.release && (
        <Link
          to="/releases/$release"
          params={{ release: at.release }}
          search={{ environment: at.environment }}
          className="lk nw"
        >
          {at.release}
        </Link>
      )}
    </div>
  );
}
