/** `?`: which keys do what, and where. */

import { Modal } from "@mantine/core";
import { Fragment } from "react";
import { useFocusReturn } from "../kit/focus";
import { Icon } from "../kit/Icon";

/** Of each place: keys that go together, and what they do. */
const KEYS: readonly [string, readonly [string, string][]][] = [
  [
    "Everywhere",
    [
      ["Ctrl K", "Find a product, release, environment or change"],
      ["/", "To the search of this screen, else find"],
      ["Esc", "Close what lies over the page, or leave a search"],
      ["?", "This list"],
    ],
  ],
  [
    "Lists",
    [
      ["↑ ↓ ← →", "From row to row, and along a row"],
      ["J K", "Next and previous release"],
      ["Enter", "Open"],
    ],
  ],
  [
    "Graph",
    [
      ["↑ ↓ ← →", "Move it"],
      ["+ −", "Larger, smaller"],
      ["0 F", "Fit all of it"],
    ],
  ],
  [
    "Log of a step",
    [
      ["Enter", "In its search: the next that was found; with Shift, the one before"],
      ["↑ ↓", "From one number of a line to the next"],
    ],
  ],
];

export function Keys({ close }: { readonly close: () => void }) {
  useFocusReturn();
  return (
    <Modal opened onClose={close} size={520} attributes={{ content: { "aria-label": "Keys" } }}>
      <div className="dialog keys-of">
        <div className="row">
          <h2>Keys</h2>
          <span className="grow" />
          <button className="ib sm" aria-label="Close" onClick={close} data-autofocus>
            <Icon name="close" />
          </button>
        </div>
        <div className="dialog-body">
          {KEYS.map(([place, keys]) => (
            <section key={place}>
              <h3>{place}</h3>
              <dl className="kv">
                {keys.map(([pressed, does]) => (
                  <Fragment key={does}>
                    <dt>
                      {pressed.split(" ").map((key) => (
                        <kbd key={key}>{key}</kbd>
                      ))}
                    </dt>
                    <dd>{does}</dd>
                  </Fragment>
                ))}
              </dl>
            </section>
          ))}
        </div>
      </div>
    </Modal>
  );
}
