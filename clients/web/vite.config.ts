import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";
import { VitePWA } from "vite-plugin-pwa";

const GATEWAY = "http://127.0.0.1:8000";

export default defineConfig({
  plugins: [
    react(),
    VitePWA({
      strategies: "injectManifest",
      srcDir: "src/worker",
      filename: "sw.ts",
      registerType: "prompt",
      injectRegister: null, // src/worker/Update.tsx does, for the page's policy allows no script of another's making
      manifest: false, // public/manifest.webmanifest
      injectManifest: { globPatterns: ["**/*.{html,js,css,woff2,svg,png,json}"], globIgnores: ["icon-*.png", "assets/countries-*"] },
    }),
  ],
  // Inlined assets would be data: URLs, which the page's content security policy refuses.
  build: { target: "es2022", assetsInlineLimit: 0, modulePreload: { polyfill: false } },
  // `npm run dev` beside a running gateway. The sockets are refused to pages of another origin, so what is passed on says that it comes from the gateway.
  server: { proxy: { "/api": { target: GATEWAY, ws: true, changeOrigin: true, headers: { Origin: GATEWAY } }, "/static": GATEWAY } },
});
