/** A filter of a list: what it is about, what is chosen, and a menu to choose from. */

import { Popover } from "@mantine/core";
import { type ReactNode, useState } from "react";
import { Icon } from "./Icon";

export interface Option {
  readonly value: string;
  readonly label?: string;
  readonly glyph?: ReactNode;
}

interface FilterProps {
  readonly name: string;
  readonly options: readonly Option[];
  readonly chosen: readonly string[];
  readonly several?: boolean;
  /** One has to be chosen: without one nothing is shown, rather than all. */
  readonly needed?: boolean;
  readonly choose: (values: readonly string[]) => void;
}

const MANY = 8;

export function Filter({ name, options, chosen, several = false, needed = false, choose }: FilterProps) {
  const [open, setOpen] = useState(false);
  const [typed, setTyped] = useState("");
  const found = options.filter((option) =>
    (option.label ?? option.value).toLowerCase().includes(typed.toLowerCase()),
  );
  const toggle = (value: string) => {
    if (several) {
      const has = chosen.includes(value);
      choose(has ? chosen.filter((each) => each !== value) : [...chosen, value]);
      return;
    }
    choose(chosen.includes(value) ? [] : [value]);
    setOpen(false);
  };
  return (
    <Popover opened={open} onChange={setOpen} trapFocus returnFocus>
      <Popover.Target>
        <button
          className={`btn${chosen.length ? " on" : ""}`}
          aria-haspopup="dialog"
          aria-expanded={open}
          onClick={() => setOpen(!open)}
        >
          <span className="k">{name}</span>
          <span className="v">{shown(chosen, options) ?? (needed ? "choose" : "all")}</span>
          <Icon name="down" size={12} />
        </button>
      </Popover.Target>
      <Popover.Dropdown aria-label={`${name}: choose`}>
        {options.length > MANY && (
          <input
            className="input"
            placeholder="Type to narrow"
            aria-label={`Narrow ${name.toLowerCase()}`}
            value={typed}
            onChange={(event) => setTyped(event.target.value)}
          />
        )}
        <div className="options">
          {found.map((option) => (
            <button
              key={option.value}
              className="option"
              aria-pressed={chosen.includes(option.value)}
              onClick={() => toggle(option.value)}
            >
              <span className="tick">{chosen.includes(option.value) && <Icon name="check" size={12} />}</span>
              {option.glyph}
              <span className="el">{option.label ?? option.value}</span>
            </button>
          ))}
          {found.length === 0 && <p className="state s12">Nothing matches</p>}
        </div>
        {chosen.length > 0 && !needed && (
          <button
            className="option clear"
            onClick={() => {
              choose([]);
              setOpen(false);
            }}
          >
            <span className="tick" />
            All
          </button>
        )}
      </Popover.Dropdown>
    </Popover>
  );
}

function shown(chosen: readonly string[], options: readonly Option[]): string | undefined {
  const [first, ...others] = chosen;
  if (first === undefined) return undefined;
  const label = options.find((option) => option.value === first)?.label ?? first;
  return others.length ? `${label} +${others.length}` : label;
}
