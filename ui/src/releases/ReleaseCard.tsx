/** One release on a small screen: a card with its strip. */

import { Link } from "@tanstack/react-router";
import type { ReleaseItem } from "../api/schema";
import { Glyph, StatusWord } from "../kit/Glyph";
import { word } from "../kit/status";
import { Moment } from "../kit/Time";
import { Also, placeTitle, sentence } from "./Row";

interface ReleaseCardProps {
  readonly item: ReleaseItem;
  readonly height: number;
}

export function ReleaseCard({ item, height }: ReleaseCardProps) {
  return (
    <Link to="/releases/$release" params={{ release: item.id }} className="release-card" style={{ height }}>
      <span className="row">
        <span className="el grow">
          <b className="b">{item.id}</b>
          <Also carries={item.also_carries} />
        </span>
        <StatusWord status={item.status} />
      </span>
      <span className="row s12 t2">
        <span className="el grow">{item.subject || item.version}</span>
        <Moment at={item.created_at} />
      </span>
      <span className="row mini-strip">
        {item.environments.slice(0, 12).map((place) => (
          <span key={place.name} title={placeTitle(place)}>
            <Glyph status={place.status} size={14} label={`${place.name}: ${word(place.status)}`} />
          </span>
        ))}
        <span className="s12 t2 el">{sentence(item)}</span>
      </span>
    </Link>
  );
}
