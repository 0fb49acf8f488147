/** The head that the screens of one product share. */

import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import * as queries from "../api/queries";
import { Favourite } from "../products/favourites";

interface ProductTabsProps {
  readonly product: string;
  readonly here: "board" | "releases";
  readonly children?: ReactNode;
}

export function ProductTabs({ product, here, children }: ProductTabsProps) {
  const known = useQuery(queries.product(product));
  const current = (tab: string) => (tab === here ? { "aria-current": "page" as const } : {});
  const flow = known.data?.flows[0];
  return (
    <div className="head of-product">
      <Favourite product={product} />
      <h1 className="subject el">{product}</h1>
      <span className="t2 el grow">{known.data?.components.join(", ")}</span>
      <nav className="seg" aria-label={product}>
        {/* By itself a link is current on all pages below its own, too. */}
        <Link to="/products/$product" params={{ product }} activeOptions={{ exact: true }} {...current("board")}>
          Board
        </Link>
        <Link to="/products/$product/releases" params={{ product }} {...current("releases")}>
          Releases
        </Link>
        {flow && (
          <Link to="/flows/$flow" params={{ flow }} search={{ product }}>
            Flow
          </Link>
        )}
      </nav>
      {children}
    </div>
  );
}
