import { Loader } from "@mantine/core";
import { type ReactNode, Suspense, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { Route, Switch, useLocation } from "wouter";
import { Problem } from "./api/http";
import css from "./App.module.css";
import { Keys } from "./screens/keys/Keys";
import { RoomsPane } from "./screens/rooms/RoomsPane";
import { RoomScreen } from "./screens/room/RoomScreen";
import { resume } from "./session";
import { unread } from "./state/apply";
import { useApp } from "./state/store";
import { Mark } from "./ui/Mark";
import { lazily } from "./ui/lazily";

const ReportScreen = lazily(() => import("./screens/report/ReportScreen"));
const CompareScreen = lazily(() => import("./screens/report/CompareScreen"));
const ReportsScreen = lazily(() => import("./screens/reports/ReportsScreen"));
const SubscriptionsScreen = lazily(() => import("./screens/subscriptions/SubscriptionsScreen"));
const AlertsScreen = lazily(() => import("./screens/alerts/AlertsScreen"));
const SourcesScreen = lazily(() => import("./screens/sources/SourcesScreen"));
const PeopleScreen = lazily(() => import("./screens/admin/PeopleScreen"));
const GroupsScreen = lazily(() => import("./screens/admin/GroupsScreen"));
const OperationsScreen = lazily(() => import("./screens/admin/OperationsScreen"));
const NewsScreen = lazily(() => import("./screens/news/NewsScreen"));
const ArticleScreen = lazily(() => import("./screens/news/ArticleScreen"));
const CalendarScreen = lazily(() => import("./screens/calendar/CalendarScreen"));
const Toasts = lazily(() => import("./alerts/Toasts"), false);
const MapScreen = lazily(() => import("./screens/map/MapScreen"));
const SettingsScreen = lazily(() => import("./screens/settings/SettingsScreen"));
const LoginScreen = lazily(() => import("./screens/login/LoginScreen").then(({ LoginScreen }) => ({ default: LoginScreen })), false);
const JoinScreen = lazily(() => import("./screens/invite/JoinScreen"));
const RETRY_MS = 3_000;

export function App() {
  const me = useApp((state) => state.me);
  const [asked, setAsked] = useState(false);
  const [unreachable, setUnreachable] = useState(false);
  const { t } = useTranslation();
  const [path] = useLocation();
  useTitle();
  useOpening(); // also before anybody is signed in, who then comes to that place

  useEffect(() => {
    let timer: ReturnType<typeof setTimeout>;
    const tryOnce = () =>
      resume().then(
        () => setAsked(true),
        (problem: unknown) => {
          if (problem instanceof Problem && problem.status >= 400 && problem.status < 500) return setAsked(true);
          setUnreachable(true);
          timer = setTimeout(tryOnce, RETRY_MS);
        },
      );
    void tryOnce();
    return () => clearTimeout(timer);
  }, []);

  if (asked && path === "/join")
    return (
      <Suspense fallback={<Loader className={css.center} type="dots" />}>
        <JoinScreen />
      </Suspense>
    );
  if (me)
    return (
      <>
        <House />
        <Keys />
        <Suspense>
          <Toasts />
        </Suspense>
      </>
    );
  if (asked)
    return (
      <Suspense>
        <LoginScreen />
      </Suspense>
    );
  return (
    <div className={css.splash} role="status">
      <Mark size={56} />
      <Loader size="sm" type="dots" />
      <p>{unreachable ? t("login.unreachable") : t("login.connecting")}</p>
    </div>
  );
}

/** A notification that was touched leads to its place, in the window that is there. */
function useOpening() {
  const [, go] = useLocation();
  useEffect(() => {
    const { serviceWorker } = navigator;
    const opened = ({ data }: MessageEvent<{ type?: string; path?: string } | null>) => data?.type === "open" && data.path && go(data.path);
    serviceWorker?.addEventListener("message", opened);
    return () => serviceWorker?.removeEventListener("message", opened);
  }, [go]);
}

/** Rooms beside the room where there is space, one at a time where there is not. */
function House() {
  const { t } = useTranslation();
  return (
    <Switch>
      <Route path="/g/:group/r/:report">
        {({ report, group }) => (
          <Whole>
            <ReportScreen key={report} id={report} back={`/g/${group}`} />
          </Whole>
        )}
      </Route>
      <Route path="/reports/:report/with/:other">
        {({ report, other }) => (
          <Whole>
            <CompareScreen ids={[report, other]} />
          </Whole>
        )}
      </Route>
      <Route path="/reports/:report">
        {({ report }) => (
          <Whole>
            <ReportScreen key={report} id={report} back="/reports" />
          </Whole>
        )}
      </Route>
      <Route path="/reports">
        <Beside>
          <ReportsScreen />
        </Beside>
      </Route>
      <Route path="/subscriptions">
        <Beside>
          <SubscriptionsScreen />
        </Beside>
      </Route>
      <Route path="/alerts">
        <Beside>
          <AlertsScreen />
        </Beside>
      </Route>
      <Route path="/sources/:source?">
        {({ source }) => (
          <Beside>
            <SourcesScreen open={source} />
          </Beside>
        )}
      </Route>
      <Route path="/admin/groups">
        <Beside>
          <GroupsScreen />
        </Beside>
      </Route>
      <Route path="/admin/operations">
        <Beside>
          <OperationsScreen />
        </Beside>
      </Route>
      <Route path="/admin">
        <Beside>
          <PeopleScreen />
        </Beside>
      </Route>
      <Route path="/news/:article?">{({ article }) => <Beside>{article ? <ArticleScreen key={article} id={article} /> : <NewsScreen />}</Beside>}</Route>
      <Route path="/calendar">
        <Beside>
          <CalendarScreen />
        </Beside>
      </Route>
      <Route path="/settings">
        <Beside>
          <SettingsScreen />
        </Beside>
      </Route>
      <Route path="/g/:group/map">
        {({ group }) => (
          <Beside open={group}>
            <MapScreen key={group} id={group} />
          </Beside>
        )}
      </Route>
      <Route path="/g/:group">
        {({ group }) => (
          <div className={css.house} data-showing="room">
            <a className={css.skip} href="#conversation">
              {t("app.skip")}
            </a>
            <RoomsPane open={group} />
            <main id="conversation" className={css.main}>
              <RoomScreen key={group} id={group} />
            </main>
          </div>
        )}
      </Route>
      <Route>
        <div className={css.house} data-showing="list">
          <RoomsPane />
          <main className={css.main}>
            <div className={css.empty}>
              <Mark size={64} />
              <p>{t("list.pick")}</p>
            </div>
          </main>
        </div>
      </Route>
    </Switch>
  );
}

/** A screen over the whole window. */
function Whole({ children }: { children: ReactNode }) {
  return <Suspense fallback={<Loader className={css.center} type="dots" />}>{children}</Suspense>;
}

/** A screen beside the rooms; on a phone, instead of them. */
function Beside({ open, children }: { open?: string; children: ReactNode }) {
  return (
    <div className={css.house} data-showing="room">
      <RoomsPane open={open} />
      <main className={css.main}>
        <Whole>{children}</Whole>
      </main>
    </div>
  );
}

function useTitle() {
  const count = useApp((state) => Object.values(state.rooms).filter((room) => unread(room) > 0).length);
  useEffect(() => {
    document.title = count ? `(${count}) Bchat` : "Bchat";
    if ("setAppBadge" in navigator) void navigator.setAppBadge(count).catch(() => {}); // not every platform shows one
  }, [count]);
}
