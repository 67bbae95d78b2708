import { CloseButton, RingProgress } from "@mantine/core";
import { IconFile, IconRefresh } from "@tabler/icons-react";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { useFormat, useProblem } from "../../ui/format";
import css from "./Chosen.module.css";
import { type Attaching, waits } from "./useAttaching";

/** What the next message will take along. */
export function Chosen({ all, remove, again }: { all: Attaching[]; remove: (one: Attaching) => void; again: (one: Attaching) => void }) {
  const { t } = useTranslation();
  return (
    <ul className={css.chosen} aria-label={t("attach.chosen")}>
      {all.map((one) => (
        <One key={one.key} one={one} remove={() => remove(one)} again={() => again(one)} />
      ))}
    </ul>
  );
}

function One({ one, remove, again }: { one: Attaching; remove: () => void; again: () => void }) {
  const { t } = useTranslation();
  const say = useProblem();
  const format = useFormat();
  const [preview, setPreview] = useState<string>();
  useEffect(() => {
    if (!one.file.type.startsWith("image/")) return;
    const address = URL.createObjectURL(one.file);
    setPreview(address);
    return () => URL.revokeObjectURL(address);
  }, [one.file]);
  const state = waits(one) ? t("attach.waits") : one.problem !== undefined ? say(one.problem) : one.kept ? format.size(one.file.size) : t("attach.bringing_part", { part: format.percent(Math.floor(one.progress * 100)), size: format.size(one.file.size) });
  return (
    <li data-failed={(one.problem !== undefined && !waits(one)) || undefined}>
      <span className={css.sign}>{preview ? <img src={preview} alt="" /> : <IconFile size={20} stroke={1.7} />}</span>
      <span className={css.name}>
        {one.file.name}
        <small role={one.problem !== undefined ? "alert" : undefined}>{state}</small>
      </span>
      {one.problem !== undefined ? (
        <button type="button" className={css.again} aria-label={`${t("do.retry")}: ${one.file.name}`} onClick={again}>
          <IconRefresh size={17} />
        </button>
      ) : (
        !one.kept && <RingProgress size={26} thickness={3} roundCaps sections={[{ value: Math.max(4, one.progress * 100), color: "iris" }]} aria-hidden />
      )}
      <CloseButton size="sm" aria-label={t("attach.remove", { name: one.file.name })} onClick={remove} />
    </li>
  );
}
