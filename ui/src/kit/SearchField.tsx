/** The field that searches a list: `/` goes there, `Esc` leaves it so that the page's keys work again. */

import { useRef } from "react";
import { usePageKeys } from "./focus";
import { Icon } from "./Icon";

interface SearchFieldProps {
  readonly label: string;
  readonly hint: string;
  readonly value: string;
  readonly change: (value: string) => void;
}

export function SearchField({ label, hint, value, change }: SearchFieldProps) {
  const field = useRef<HTMLInputElement>(null);
  const go = () => field.current?.focus();
  usePageKeys([
    ["/", go],
    ["shift+/", go],
  ]);
  return (
    <label className="field">
      <Icon name="search" />
      <input
        ref={field}
        type="search"
        placeholder={hint}
        aria-label={label}
        value={value}
        onChange={(event) => change(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === "Escape") event.currentTarget.blur();
        }}
      />
      <kbd aria-hidden="true">/</kbd>
    </label>
  );
}
