/** Release notes: what an environment gets, or got, with a release, and since what. */

import { useDebouncedCallback } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useDeferredValue, useMemo, useState } from "react";
import { GROUPS, isWhole } from "../api/notes";
import * as queries from "../api/queries";
import type { BaseShown, EnvironmentShown, NotesDocument, ReleaseDocument } from "../api/schema";
import { Icon } from "../kit/Icon";
import { Answer, Empty, LoadingRows } from "../kit/states";
import { Moment } from "../kit/Time";
import { AlsoCarries } from "../release/AlsoCarries";
import { BasePicker } from "./BasePicker";
import { EnvironmentPicker } from "./EnvironmentPicker";
import { Exports } from "./Exports";
import { ByComponent, Changes, Deployed } from "./groups";
import * as told from "./notes";
import { Unknown } from "./Unknown";

export function Notes({ release }: { readonly release: ReleaseDocument }) {
  const { environment, from = "", by, q = "" } = useSearch({ from: "/shell/releases/$release/notes" });
  const navigate = useNavigate();
  // A release that goes on does not take the page to another environment under its reader.
  const [reached] = useState(() => lastReached(release));
  const where = environment ?? reached;
  const notes = useQuery({ ...queries.notes(release.id, where, from), enabled: where !== "" });
  const look = (change: Record<string, string | undefined>) =>
    void navigate({ to: ".", search: (before) => ({ ...before, ...change }), replace: true });
  if (!where) {
    return (
      <div className="panel">
        <Empty title="This release goes nowhere">
          <p>Notes say what changes in an environment, and its flow has none.</p>
        </Empty>
      </div>
    );
  }
  return (
    <div className="page notes">
      <div className="head">
        <span className="s12 t3">What</span>
        <EnvironmentPicker
          environments={release.environments}
          chosen={where}
          choose={(name) => look({ environment: name })}
        />
        <span className="s12 t3">{verb(release, where)}, compared with</span>
        <BasePicker
          release={release}
          environment={where}
          from={from}
          base={notes.data?.base}
          choose={(start) => look({ from: start || undefined })}
        />
        <span className="grow" />
        <Switch by={by === "component" ? "component" : "kind"} choose={(each) => look({ by: each })} />
        <Exports release={release.id} environment={where} from={from} />
      </div>
      <Answer of={notes} loading={<LoadingRows rows={8} height={36} />}>
        {(document) => (
          <Document
            notes={document}
            release={release}
            byComponent={by === "component"}
            sought={q}
            seek={(text) => look({ q: text || undefined })}
          />
        )}
      </Answer>
    </div>
  );
}

/** The last environment that has it; before that, the one it came from. */
function lastReached(release: ReleaseDocument): string {
  const reached = release.environments.filter((each) => each.landed || each.role === "trigger");
  return (reached.at(-1) ?? release.environments[0])?.name ?? "";
}

function verb(release: ReleaseDocument, where: string): string {
  const there = release.environments.find((each) => each.name === where);
  return `${got(there) ? "got" : "would get"} with ${release.id}`;
}

function got(there: EnvironmentShown | undefined): boolean {
  return there !== undefined && (there.landed || there.role !== "step" || there.status === "succeeded");
}

const WAYS = [
  ["kind", "By kind"],
  ["component", "By component"],
] as const;

function Switch({ by, choose }: { readonly by: string; readonly choose: (by: string | undefined) => void }) {
  return (
    <div className="seg no-print" role="group" aria-label="Order">
      {WAYS.map(([name, title]) => (
        <button
          key={name}
          aria-pressed={by === name}
          onClick={() => choose(name === "kind" ? undefined : name)}
        >
          {title}
        </button>
      ))}
    </div>
  );
}

interface DocumentProps {
  readonly notes: NotesDocument;
  readonly release: ReleaseDocument;
  readonly byComponent: boolean;
  readonly sought: string;
  readonly seek: (text: string) => void;
}

const MANY = 15; // from here on one wants to seek

function Document({ notes, release, byComponent, sought, seek }: DocumentProps) {
  const [typed, setTyped] = useState(sought);
  const narrowed = useDeferredValue(typed);
  // In the address once somebody stops typing: it draws the whole page anew.
  const remember = useDebouncedCallback(seek, 300);
  const shown = useMemo(() => told.matching(notes, narrowed), [notes, narrowed]);
  const nothing = told.isEmpty(notes);
  const size = GROUPS.reduce((all, name) => all + notes[name].items.length, 0);
  return (
    <>
      {told.goesBack(notes) && <Back notes={notes} release={release} />}
      <div className="row wrap">
        {size > MANY && (
          <label className="field no-print notes-field">
            <Icon name="search" />
            <input
              type="search"
              aria-label="Narrow the notes"
              placeholder="Issue, subject, author or component"
              value={typed}
              onChange={(event) => {
                setTyped(event.target.value);
                remember(event.target.value);
              }}
            />
          </label>
        )}
        <Since base={notes.base} />
      </div>
      <div className="notes-columns">
        <div className="col">
          {nothing ? (
            <div className="panel">
              <Empty title={`Nothing changes in ${notes.environment}`}>
                <p>What it has and what {notes.release} carries do not differ.</p>
              </Empty>
            </div>
          ) : told.isEmpty(shown) ? (
            <div className="panel">
              <Empty title="Nothing matches">
                <button
                  className="btn"
                  onClick={() => {
                    setTyped("");
                    seek("");
                  }}
                >
                  Show all
                </button>
              </Empty>
            </div>
          ) : byComponent ? (
            <ByComponent notes={shown} />
          ) : (
            <Changes notes={shown} />
          )}
        </div>
        <div className="col">
          {!nothing && !byComponent && <Deployed notes={shown} />}
          {!isWhole(notes) && <Unknown notes={notes} />}
          {!isChosen(notes.base) && (
            <AlsoCarries
              carries={release.also_carries
                .filter(({ environments }) => environments.includes(notes.environment))
                .map((each) => ({ ...each, environments: [notes.environment] }))}
            >
              : what they changed is counted here.
            </AlsoCarries>
          )}
        </div>
      </div>
    </>
  );
}

function Back({ notes, release }: { readonly notes: NotesDocument; readonly release: ReleaseDocument }) {
  return (
    <p className="note suspended">
      <Icon name="back" />
      <span>
        <b>{notes.environment} goes back.</b> What is crossed out is taken back
        {release.goes_back_to ? `: ${release.id} goes back to ${release.goes_back_to}` : ""}.
      </span>
    </p>
  );
}

/** Whether somebody chose what the notes start from. */
function isChosen({ kind }: BaseShown): boolean {
  return ["previous", "release", "environment", "time"].includes(kind);
}

/** What the notes start from, as far as the button does not say it. */
function Since({ base }: { readonly base: BaseShown }) {
  const named = base.release !== null;
  return (
    <p className="s12 t2">
      {named ? `Since ${base.sentence}` : base.at ? "Since" : base.sentence}
      {base.release && !base.sentence.includes(base.release) && (
        <>
          {", "}
          <Link to="/releases/$release" params={{ release: base.release }} className="lk">
            {base.release}
          </Link>
        </>
      )}
      {base.at && (
        <>
          {named ? ", " : " "}
          <Moment at={base.at} />
        </>
      )}
    </p>
  );
}
