/** The component kit in our colours and sizes. */

import { createTheme, Menu, Modal, Popover, Tooltip, type CSSVariablesResolver } from "@mantine/core";

export const theme = createTheme({
  fontFamily: "var(--font)",
  fontFamilyMonospace: "var(--mono)",
  fontSizes: { xs: "11px", sm: "12px", md: "13px" },
  defaultRadius: "6px",
  focusClassName: "",
  components: {
    Tooltip: Tooltip.extend({
      defaultProps: { openDelay: 350, withArrow: false, fz: 12, multiline: true, maw: 340 },
    }),
    Menu: Menu.extend({
      defaultProps: {
        shadow: "none",
        position: "bottom-start",
        offset: 4,
        transitionProps: { duration: 0 },
        withInitialFocusPlaceholder: false, // a menu holds its items, and nothing else to focus
      },
    }),
    Popover: Popover.extend({
      defaultProps: {
        shadow: "none",
        position: "bottom-start",
        offset: 4,
        transitionProps: { duration: 0 },
        middlewares: { flip: true, shift: true, size: true }, // what has no room scrolls
      },
    }),
    Modal: Modal.extend({
      defaultProps: {
        centered: true,
        padding: 0,
        withCloseButton: false,
        overlayProps: { backgroundOpacity: 0.45 },
        transitionProps: { duration: 120, transition: "fade" },
      },
    }),
  },
});

const ours = {
  "--mantine-color-body": "var(--surface)",
  "--mantine-color-text": "var(--text)",
  "--mantine-color-dimmed": "var(--text-3)",
  "--mantine-color-default-border": "var(--line-2)",
  "--mantine-color-default-hover": "var(--hover)",
  "--mantine-line-height": "20px",
};

export const variables: CSSVariablesResolver = () => ({
  variables: {},
  light: ours,
  dark: ours,
});
