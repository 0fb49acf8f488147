/** The beginning: styles, the cache of answers, the event stream, the first screen. */

import { MantineProvider } from "@mantine/core";
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { setNonce } from "get-nonce";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { cache } from "./api/cache";
import { onSignedOut } from "./api/client";
import { tellWholeTexts } from "./kit/whole";
import { router } from "./router";
import { connect } from "./shell/connection";
import "@mantine/core/styles/baseline.css";
import "@mantine/core/styles/default-css-variables.css";
import "@mantine/core/styles/global.css";
import "@mantine/core/styles/UnstyledButton.css";
import "@mantine/core/styles/Paper.css";
import "@mantine/core/styles/Overlay.css";
import "@mantine/core/styles/Popover.css";
import "@mantine/core/styles/Menu.css";
import "@mantine/core/styles/ModalBase.css";
import "@mantine/core/styles/Modal.css";
import "@mantine/core/styles/Tooltip.css";
import "./theme/tokens.css";
import "./theme/base.css";
import "./theme/kit.css";
import "./theme/lists.css";
import "./theme/mantine.css";
import "./theme/board.css";
import "./theme/release.css";
import "./theme/notes.css";
import "./theme/phone.css";
import { theme, variables } from "./theme/mantine";
import { apply, useTheme } from "./theme/useTheme";

const nonce = document.querySelector<HTMLElement>("meta[property=csp-nonce]")?.nonce ?? "";
setNonce(nonce); // for the styles that the component kit makes while it runs

onSignedOut(() => {
  const to = router.state.location.href;
  if (!to.startsWith("/sign-in")) void router.navigate({ to: "/sign-in", search: { to } });
});

export function Towpath() {
  const colours = useTheme();
  return (
    <MantineProvider
      theme={theme}
      forceColorScheme={colours}
      cssVariablesResolver={variables}
      getStyleNonce={() => nonce}
    >
      <QueryClientProvider client={cache}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </MantineProvider>
  );
}

apply();
connect(cache);
tellWholeTexts(document);
const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <Towpath />
    </StrictMode>,
  );
}
