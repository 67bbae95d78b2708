import { ActionIcon, Loader, Menu, Tooltip, useComputedColorScheme } from "@mantine/core";
import { IconDownload, IconFileTypeCsv, IconFileTypePdf, IconFileTypePng, IconFileTypeSvg, IconFileTypeXls } from "@tabler/icons-react";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Report } from "../../api/types";
import { useProblem } from "../../ui/format";
import { fetchForm, saveAs } from "./download";
import css from "./report.module.css";

const FORMS = { pdf: IconFileTypePdf, xlsx: IconFileTypeXls, csv: IconFileTypeCsv, png: IconFileTypePng, svg: IconFileTypeSvg };
const DRAWN = ["png", "svg"];

/** The same numbers in other forms; what takes a while says so, and can be stopped. */
export function DownloadMenu({ report }: { report: Report }) {
  const { t } = useTranslation();
  const say = useProblem();
  const scheme = useComputedColorScheme("light");
  const [busy, setBusy] = useState<string | null>(null);
  const [problem, setProblem] = useState<unknown>(null);
  const under = useRef<AbortController>(null);
  useEffect(() => () => under.current?.abort(), []);

  async function save(form: string) {
    under.current?.abort();
    const { signal } = (under.current = new AbortController());
    setBusy(form);
    setProblem(null);
    try {
      const content = await fetchForm(`/reports/${report.id}.${form}${DRAWN.includes(form) ? `?theme=${scheme}` : ""}`, signal);
      saveAs(content, `${report.title.replace(/[\\/:*?"<>|]+/g, "-")}.${form}`);
    } catch (error) {
      if (!signal.aborted) setProblem(error);
    }
    if (!signal.aborted) setBusy(null);
  }

  return (
    <>
      {busy && (
        <span className={css.busy} role="status">
          {t("download.making", { form: busy.toUpperCase() })}
        </span>
      )}
      {problem !== null && (
        <span className={css.busy} data-bad role="alert">
          {t("download.failed")} {say(problem)}
        </span>
      )}
      <Menu>
        <Menu.Target>
          <Tooltip label={t("download.menu")}>
            <ActionIcon size={44} aria-label={t("download.menu")} aria-busy={busy !== null}>
              {busy ? <Loader size={20} /> : <IconDownload size={22} stroke={1.8} />}
            </ActionIcon>
          </Tooltip>
        </Menu.Target>
        <Menu.Dropdown>
          {Object.entries(FORMS).map(([form, Sign]) => (
            <Menu.Item key={form} leftSection={<Sign size={19} stroke={1.6} />} onClick={() => void save(form)}>
              {t(`download.${form}`)}
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
    </>
  );
}
