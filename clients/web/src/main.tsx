import "@mantine/core/styles.layer.css";
import "./app.css";
import { DirectionProvider, MantineProvider } from "@mantine/core";
import { QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./App";
import { startSpeaking } from "./i18n";
import { queries } from "./api/queries";
import { theme } from "./theme";
import { Whole } from "./ui/lazily";
import { Update } from "./worker/Update";

await startSpeaking();
createRoot(document.getElementById("root")!).render(
  <StrictMode>
    <DirectionProvider>
      <MantineProvider theme={theme} defaultColorScheme="auto">
        <QueryClientProvider client={queries}>
          <Whole>
            <App />
          </Whole>
          <Update />
        </QueryClientProvider>
      </MantineProvider>
    </DirectionProvider>
  </StrictMode>,
);
