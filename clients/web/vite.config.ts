import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

export default defineConfig({
  plugins: [react()],
  // Inlined assets would be data: URLs, which the page's content security policy refuses.
  build: { target: "es2022", assetsInlineLimit: 0, modulePreload: { polyfill: false } },
  // `npm run dev` beside a running gateway.
  server: { proxy: { "/api": { target: "http://127.0.0.1:8000", ws: true } } },
});
