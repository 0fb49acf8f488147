/** The policies, and what they come to for one product on its way into one environment. */

import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import * as queries from "../api/queries";
import type { PolicyItem, SelectorShown, SettingShown } from "../api/schema";
import { Filter } from "../kit/Filter";
import { Answer, Empty } from "../kit/states";
import { usePage } from "../shell/page";
import * as settings from "./settings";

export function Policies() {
  usePage({ title: "Policies" });
  const policies = useQuery(queries.policies);
  return (
    <div className="page">
      <div className="head">
        <h1>Policies</h1>
      </div>
      <Evaluate />
      <h2>
        All policies <span className="n">{policies.data?.items.length}</span>
      </h2>
      <Answer of={policies}>
        {({ items }) =>
          items.length ? (
            <Table items={items} />
          ) : (
            <div className="panel">
              <Empty title="No policy is configured">
                <p>Everything is as by default: promotions are commits, and nothing is asked.</p>
              </Empty>
            </div>
          )
        }
      </Answer>
    </div>
  );
}

function Table({ items }: { readonly items: readonly PolicyItem[] }) {
  return (
    <div className="table scroll-x">
      <table className="plain">
        <thead>
          <tr>
            <th className="r">Priority</th>
            <th>Policy</th>
            <th>For</th>
            <th>Sets</th>
            <th>Written in</th>
          </tr>
        </thead>
        <tbody>
          {items.map((policy) => (
            <tr key={policy.name}>
              <td className="r" data-column="Priority">{policy.priority}</td>
              <td className="b">{policy.name}</td>
              <td className="t2" data-column="For">{selected(policy.selector)}</td>
              <td>
                {Object.entries(policy.settings)
                  .filter(([, value]) => value !== null)
                  .map(([name, value]) => (
                    <div key={name}>
                      <span className="t2">{settings.title(name)}</span> {settings.value(name, value)}
                    </div>
                  ))}
              </td>
              <td className="mono t2" data-column="Written in">{policy.origin}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function selected(by: SelectorShown): string {
  const parts = [
    by.product_names && named("product", by.product_names),
    by.product_tags && `products tagged ${by.product_tags.join(", ")}`,
    by.environment_names && named("environment", by.environment_names),
    by.environment_kinds && `environments of kind ${by.environment_kinds.join(", ")}`,
    by.environment_tags && `environments tagged ${by.environment_tags.join(", ")}`,
  ].filter(Boolean);
  return parts.length ? parts.join("; ") : "everything";
}

function named(one: string, names: readonly string[]): string {
  return `${one}${names.length === 1 ? "" : "s"} ${names.join(", ")}`;
}

function Evaluate() {
  const chosen = useSearch({ from: "/shell/policies" });
  const navigate = useNavigate();
  const products = useQuery(queries.products);
  const { product = "", environment = "", flow = "" } = chosen;
  const of = products.data?.items.find((each) => each.name === product);
  const evaluation = useQuery({
    ...queries.evaluation(product, environment, flow),
    enabled: product !== "" && environment !== "",
  });
  const change = (next: { product?: string; environment?: string; flow?: string }) =>
    void navigate({
      to: ".",
      search: Object.fromEntries(Object.entries(next).filter(([, value]) => value)),
      replace: true,
    });
  return (
    <section className="panel" aria-label="Evaluate policy">
      <div className="panel-head">
        <h2>Evaluate policy</h2>
        <Filter
          needed
          name="Product"
          options={products.data?.items.map((each) => ({ value: each.name })) ?? []}
          chosen={product ? [product] : []}
          choose={([value]) => change({ product: value })}
        />
        <Filter
          needed
          name="Environment"
          options={of?.environments.map((each) => ({ value: each.name })) ?? []}
          chosen={environment ? [environment] : []}
          choose={([value]) => change({ product, environment: value, flow })}
        />
        {(of?.flows.length ?? 0) > 1 && (
          <Filter
            name="Flow"
            options={of?.flows.map((value) => ({ value })) ?? []}
            chosen={flow ? [flow] : []}
            choose={([value]) => change({ product, environment, flow: value })}
          />
        )}
      </div>
      {product && environment ? (
        <Answer of={evaluation}>{(answer) => <Settings settings={answer.settings} />}</Answer>
      ) : (
        <Empty title="Choose a product and an environment">
          <p>Then this shows every setting in force, who gave it, and why the others lost.</p>
        </Empty>
      )}
    </section>
  );
}

export function Settings({ settings: all }: { readonly settings: readonly SettingShown[] }) {
  return (
    <table className="plain">
      <thead>
        <tr>
          <th>Setting</th>
          <th>In force</th>
          <th>From</th>
          <th>Lost</th>
        </tr>
      </thead>
      <tbody>
        {all.map((each) => (
          <tr key={each.name}>
            <td className="nw key">{settings.title(each.name)}</td>
            <td className="m" data-column="In force">{settings.value(each.name, each.value)}</td>
            <td className={each.origin === "default" ? "t3" : ""} data-column="From">{each.origin}</td>
            <td className="t2" data-column={each.lost.length ? "Lost" : undefined}>
              {each.lost.map((lost) => (
                <div key={lost.origin}>
                  <s>{settings.value(each.name, lost.value)}</s> from {lost.origin}: {lost.why}
                </div>
              ))}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
