import { Kbd } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Dialog } from "../../ui/Dialog";
import css from "./keys.module.css";

const MOD = /Mac|iP/.test(navigator.platform) ? "⌘" : "Ctrl";
const KEYS: [string[], string][] = [
  [["?"], "list"],
  [[MOD, "K"], "search"],
  [["Alt", "↓"], "next"],
  [["Alt", "↑"], "previous"],
  [["↑", "↓"], "rows"],
  [["Enter"], "send"],
  [["Shift", "Enter"], "line"],
  [["@"], "call"],
  [["Esc"], "leave"],
];

/** What can be done with the keyboard. */
export default function KeysDialog({ close }: { close: () => void }) {
  const { t } = useTranslation();
  return (
    <Dialog close={close} title={t("keys.title")}>
      <dl className={css.keys}>
        {KEYS.map(([keys, what]) => (
          <div key={what}>
            <dt>
              {keys.map((key) => (
                <Kbd key={key}>{key}</Kbd>
              ))}
            </dt>
            <dd>{t(`keys.${what}`)}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
