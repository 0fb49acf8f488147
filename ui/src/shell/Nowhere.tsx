/** An address that leads nowhere: said within the frame, from where one can go on. */

import { Link } from "@tanstack/react-router";
import { usePage } from "./page";

export function Nowhere() {
  usePage({ title: "No such page" });
  return (
    <div className="state">
      <h1>There is no such page</h1>
      <Link to="/" className="lk">
        All products
      </Link>
    </div>
  );
}
