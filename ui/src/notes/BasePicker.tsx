/** What notes start from: the rule, the release before, another release or environment, a day. */

import { Popover } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import * as queries from "../api/queries";
import type { BaseShown, ReleaseDocument } from "../api/schema";
import { Glyph } from "../kit/Glyph";
import { Icon } from "../kit/Icon";
import { shortVersion } from "../kit/words";
import { baseName } from "./notes";

const MOST = 30;
const PREVIOUS = "previous";

interface BasePickerProps {
  readonly release: ReleaseDocument;
  readonly environment: string;
  readonly from: string;
  readonly base: BaseShown | undefined;
  readonly choose: (from: string) => void;
}

export function BasePicker({ release, environment, from, base, choose }: BasePickerProps) {
  const [open, setOpen] = useState(false);
  const pick = (start: string) => {
    choose(start);
    setOpen(false);
  };
  return (
    <Popover opened={open} onChange={setOpen} trapFocus returnFocus>
      <Popover.Target>
        <button
          className={`btn pick${from ? " on" : ""}`}
          aria-haspopup="dialog"
          aria-expanded={open}
          onClick={() => setOpen(!open)}
        >
          <span className="v">{from && from !== PREVIOUS ? from : base ? baseName(base) : "…"}</span>
          <Icon name="down" size={12} />
        </button>
      </Popover.Target>
      <Popover.Dropdown aria-label="Compare with">
        <Choices release={release} environment={environment} from={from} pick={pick} />
      </Popover.Dropdown>
    </Popover>
  );
}

interface ChoicesProps {
  readonly release: ReleaseDocument;
  readonly environment: string;
  readonly from: string;
  readonly pick: (from: string) => void;
}

function Choices({ release, environment, from, pick }: ChoicesProps) {
  const [typed, setTyped] = useState("");
  const [day, setDay] = useState("");
  const releases = useQuery(queries.someReleases({ product: release.product, limit: MOST, q: typed.trim() || undefined }));
  const product = useQuery({ ...queries.product(release.product), retry: false });
  const matches = (name: string) => name.toLowerCase().includes(typed.trim().toLowerCase());
  const places = (product.data?.environments ?? []).filter((each) => matches(each.name));
  const others = (releases.data?.items ?? []).filter((each) => each.id !== release.id);
  const choice = (value: string, label: ReactNode, about = "", glyph: ReactNode = null) => (
    <button key={value} className="option" aria-pressed={from === value} onClick={() => pick(value)}>
      <span className="tick">{from === value && <Icon name="check" size={12} />}</span>
      {glyph}
      <span className="nw">{label}</span>
      <span className="t3 el grow r">{about}</span>
    </button>
  );
  return (
    <div className="base-picker">
      <input
        className="input"
        placeholder="A release or environment"
        aria-label="Narrow what to compare with"
        value={typed}
        onChange={(event) => setTyped(event.target.value)}
      />
      <div className="options">
        {!typed && (
          <>
            {choice("", "What ran there before", `the last that succeeded in ${environment}`)}
            {choice(PREVIOUS, "The release before", `what ${environment} had when it came`)}
          </>
        )}
        {places.length > 0 && <p className="option-head">What an environment has now</p>}
        {places.map((each) => choice(each.name, each.name, each.versions.length > 1 ? `${each.versions.length} versions` : each.versions[0]))}
        {others.length > 0 && <p className="option-head">Another release</p>}
        {others.map((each) =>
          choice(each.id, each.id, each.subject || shortVersion(each.version), <Glyph status={each.status} size={12} label="" />),
        )}
        {places.length + others.length === 0 && <p className="state s12">Nothing matches</p>}
      </div>
      <form
        className="row option-day"
        onSubmit={(event) => {
          event.preventDefault();
          if (day) pick(new Date(day).toISOString());
        }}
      >
        <label className="row grow">
          <span className="nw s12 t2">What it had on</span>
          <input
            type="datetime-local"
            className="input"
            value={day}
            onChange={(event) => setDay(event.target.value)}
          />
        </label>
        <button className="btn" disabled={!day}>
          Compare
        </button>
      </form>
    </div>
  );
}
