/** The heads of the environment columns, with production told apart. */

import type { Range } from "../kit/columns";
import type { Column } from "./columns";

interface ColumnHeadsProps {
  readonly columns: readonly Column[];
  readonly width: number;
  readonly range: Range;
}

export function ColumnHeads({ columns, width, range }: ColumnHeadsProps) {
  const groups = runs(columns);
  return (
    <div className="track-heads" style={{ width: columns.length * width }}>
      {groups.length > 1 &&
        groups.map(({ from, to, production }) => (
          <span
            key={from}
            className="group"
            style={{ left: from * width + 6, width: (to - from + 1) * width - 12 }}
          >
            {to > from ? (production ? "Production" : "Non-production") : production ? "Prod" : "Non-prod"}
          </span>
        ))}
      {columns.slice(range.from, range.to).map((column, place) => (
        <span
          key={column.name}
          className="el"
          title={column.name}
          style={{ left: (range.from + place) * width, width }}
        >
          {column.name}
        </span>
      ))}
    </div>
  );
}

function runs(columns: readonly Column[]): { from: number; to: number; production: boolean }[] {
  const found: { from: number; to: number; production: boolean }[] = [];
  columns.forEach(({ production }, place) => {
    const last = found.at(-1);
    if (last?.production === production) last.to = place;
    else found.push({ from: place, to: place, production });
  });
  return found;
}
