/// <reference lib="webworker" />
/** The service worker: keeps the application itself, so that it opens at once and without a network. */
import { ExpirationPlugin } from "workbox-expiration";
import { cleanupOutdatedCaches, createHandlerBoundToURL, precacheAndRoute, type PrecacheEntry } from "workbox-precaching";
import { NavigationRoute, registerRoute } from "workbox-routing";
import { CacheFirst } from "workbox-strategies";
import { listen } from "./push";

declare const self: ServiceWorkerGlobalScope & { __WB_MANIFEST: (string | PrecacheEntry)[] };

listen();
cleanupOutdatedCaches();
precacheAndRoute(self.__WB_MANIFEST);
// Every address of the application is its one page; what the gateway serves beside it is not the application's.
registerRoute(new NavigationRoute(createHandlerBoundToURL("/index.html"), { denylist: [/^\/(api|static|assets)\//, /\.\w+$/, /^\/(healthz|readyz|metrics)$/] }));
// BokehJS has its version in its address. Answers of the API are kept by the page, which knows whose they are.
registerRoute(({ url, sameOrigin }) => sameOrigin && url.pathname.startsWith("/static/bokeh/"), new CacheFirst({ cacheName: "bokeh", plugins: [new ExpirationPlugin({ maxEntries: 2 })] }));

// Outlines of countries: only for who looks at a map, and only where there is no tile server.
registerRoute(({ url, sameOrigin }) => sameOrigin && url.pathname.startsWith("/assets/countries-"), new CacheFirst({ cacheName: "outlines", plugins: [new ExpirationPlugin({ maxEntries: 1 })] }));

// A new version waits until the person agrees: a page must not find another version's parts under its feet.
self.addEventListener("message", (event) => {
  if ((event.data as { type?: string } | null)?.type === "SKIP_WAITING") void self.skipWaiting();
});
