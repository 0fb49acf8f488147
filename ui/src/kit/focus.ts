/** Where the focus goes when what had it is gone. */

import { useEffect } from "react";

/** Give the focus back, when this goes and takes it along, to what had it before this came. */
export function useFocusReturn(): void {
  useEffect(() => {
    const before = document.activeElement;
    return () => {
      setTimeout(() => {
        const lost = document.activeElement === null || document.activeElement === document.body;
        if (lost && before instanceof HTMLElement) before.focus();
      });
    };
  }, []);
}
