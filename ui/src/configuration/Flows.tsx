/** The promotion flows: where each begins, how it goes, and which products use it. */

import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Fragment, type ReactNode, useState } from "react";
import * as queries from "../api/queries";
import type { FlowItem } from "../api/schema";
import { Icon } from "../kit/Icon";
import { Answer, Empty } from "../kit/states";
import { setDuration } from "../kit/times";
import { turns } from "../kit/track";
import { number } from "../kit/words";
import { usePage } from "../shell/page";

export function Flows() {
  usePage({ title: "Flows" });
  const flows = useQuery(queries.flows);
  return (
    <div className="page">
      <div className="head">
        <h1>Flows</h1>
      </div>
      <Answer of={flows}>
        {({ items }) =>
          items.length ? (
            <div className="table scroll-x">
              <table className="plain">
                <thead>
                  <tr>
                    <th>Flow</th>
                    <th>Environments</th>
                    <th>Products</th>
                    <th>Time limit</th>
                    <th>Written in</th>
                  </tr>
                </thead>
                <tbody>
                  {items.map((flow) => (
                    <Row key={flow.name} flow={flow} />
                  ))}
                </tbody>
              </table>
            </div>
          ) : (
            <div className="panel">
              <Empty title="No flow is configured">
                <p>
                  A <code>PromotionFlow</code> in the configuration says how a change goes from its trigger
                  environment to production.
                </p>
              </Empty>
            </div>
          )
        }
      </Answer>
    </div>
  );
}

function Row({ flow }: { readonly flow: FlowItem }) {
  const goesOn = turns(flow);
  return (
    <tr>
      <td>
        <Link to="/flows/$flow" params={{ flow: flow.name }} className="b">
          {flow.name}
        </Link>
        <div className="t2">{flow.description}</div>
      </td>
      <td>
        <span className="way">
          <Several
            names={flow.environments}
            draw={(environment, place) => (
              <>
                {place > 0 && (goesOn.has(environment) ? <Icon name="right" size={10} className="t3" /> : "and")}
                <span className="chip">{environment}</span>
              </>
            )}
          />
        </span>
      </td>
      <td data-column="Products">
        {flow.products.length ? (
          <Several
            names={flow.products}
            draw={(product, place) => (
              <>
                {place > 0 && ", "}
                <Link to="/products/$product" params={{ product }} className="lk">
                  {product}
                </Link>
              </>
            )}
          />
        ) : (
          <span className="t3">none</span>
        )}
      </td>
      <td className="nw" data-column="Time limit">{setDuration(flow.timeout_seconds)}</td>
      <td className="mono t2" data-column="Written in">{flow.origin}</td>
    </tr>
  );
}

const MANY = 12;

interface SeveralProps {
  readonly names: readonly string[];
  readonly draw: (name: string, place: number) => ReactNode;
}

/** The first of many, and the others for who wants them. */
function Several({ names, draw }: SeveralProps) {
  const [all, setAll] = useState(names.length <= MANY);
  return (
    <>
      {(all ? names : names.slice(0, MANY)).map((name, place) => (
        <Fragment key={name}>{draw(name, place)}</Fragment>
      ))}
      {!all && (
        <button className="btn sm ghost" onClick={() => setAll(true)}>
          and {number(names.length - MANY)} more
        </button>
      )}
    </>
  );
}
