import { Button } from "@mantine/core";
import { Component, type ComponentProps, type ComponentType, lazy, type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";
import { laterWords } from "../i18n";
import banner from "./banner.module.css";
import css from "./lazily.module.css";

/** A part of the application did not come: there is no network, or a newer version has taken the place of this one. */
class NotLoaded extends Error {}

interface Props {
  /** What stands in the place of what failed. */
  instead: (problem: unknown) => ReactNode;
  children: ReactNode;
}

/** Where something fails to be drawn, the rest goes on. */
class Boundary extends Component<Props, { problem: unknown }> {
  override state = { problem: null };
  static getDerivedStateFromError = (problem: unknown) => ({ problem });
  override render = () => (this.state.problem === null ? this.props.children : this.props.instead(this.state.problem));
}

/**
 * A part that is loaded when it is first drawn. If that fails it says so and can be tried again; nothing around it is lost.
 *
 * @param load as for `lazy` of React, which would remember a failure for ever.
 * @param words whether it says what not all of the application says from the start.
 */
export function lazily<T extends ComponentType<any>>(load: () => Promise<{ default: T }>, words = true): ComponentType<ComponentProps<T>> {
  const both = async () => (await Promise.all([load(), words && laterWords()]))[0];
  const loaded = () => lazy(() => both().catch((problem: unknown) => Promise.reject(new NotLoaded(String(problem)))));
  let Part = loaded();
  return function Lazily(props: ComponentProps<T>) {
    const [tries, setTries] = useState(0);
    const again = () => {
      Part = loaded();
      setTries(tries + 1);
    };
    return (
      <Boundary
        key={tries}
        instead={(problem) => {
          if (!(problem instanceof NotLoaded)) throw problem;
          return <Missing again={again} />;
        }}
      >
        <Part {...props} />
      </Boundary>
    );
  };
}

function Missing({ again }: { again: () => void }) {
  const { t } = useTranslation();
  return (
    <div className={banner.banner} role="alert">
      <p>{t("app.not_loaded")}</p>
      <div className={css.ways}>
        <Button size="compact-sm" onClick={again}>
          {t("do.retry")}
        </Button>
        <Button size="compact-sm" variant="default" onClick={() => location.reload()}>
          {t("app.reload_page")}
        </Button>
        {/* On a phone a screen that did not come leaves no other way back. */}
        <Button size="compact-sm" variant="default" component={Link} href="/">
          {t("room.back")}
        </Button>
      </div>
    </div>
  );
}

/** Around everything: a mistake of ours leaves no empty page. */
export function Whole({ children }: { children: ReactNode }) {
  return <Boundary instead={() => <Broken />}>{children}</Boundary>;
}

function Broken() {
  const { t } = useTranslation();
  return (
    <div className={css.broken} role="alert">
      <h1>{t("app.broken")}</h1>
      <p>{t("app.broken_text")}</p>
      <Button onClick={() => location.reload()}>{t("app.reload_page")}</Button>
    </div>
  );
}
