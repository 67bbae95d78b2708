import { Badge, Button, Modal } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { useInfiniteQuery } from "@tanstack/react-query";
import { IconListSearch } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { Facts } from "../../api/reports";
import { get } from "../../session";
import { useFormat } from "../../ui/format";
import { NARROW } from "../../ui/narrow";
import { More, Nothing, Waiting } from "../../ui/Screen";
import { cell, Heads } from "./DataTable";
import css from "./report.module.css";

export interface Place {
  chart: string;
  point: string;
}
const PAGE = 50;

/** The facts behind a bar, a part of one, or a row: as they are now, and whether they still come to it. */
export function FactsDialog({ report, place, title, recompute, close }: { report: string; place: Place; title: string; recompute: () => void; close: () => void }) {
  const { t } = useTranslation();
  const format = useFormat();
  const phone = useMediaQuery(NARROW);
  const query = useInfiniteQuery({
    queryKey: ["rows", report, place.chart, place.point],
    queryFn: ({ pageParam }) => get<Facts>(`/reports/${report}/rows?${new URLSearchParams({ ...place, limit: String(PAGE), ...(pageParam ? { cursor: pageParam } : {}) })}`),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_cursor,
    staleTime: 0,
  });
  const first = query.data?.pages[0];
  const rows = query.data?.pages.flatMap((page) => page.items) ?? [];
  const name = [first?.point.label, first?.point.series].filter(Boolean).join(" · ");
  const money = first?.columns.find((column) => column.kind === "money")?.currency;
  return (
    <Modal opened onClose={close} title={name ? `${title}: ${name}` : title} closeButtonProps={{ "aria-label": t("do.close") }} size={940} radius="lg" fullScreen={phone} overlayProps={{ backgroundOpacity: 0.4, blur: 2 }}>
      <Waiting query={query} has={Boolean(first)} />
      {first && (
        <>
          <div className={css.sum}>
            {first.point.value !== null && (
              <p>
                <small>{t("facts.in_report")}</small>
                <strong>{format.quantity(first.point.value, first.point.unit)}</strong>
              </p>
            )}
            {first.total !== null && (
              <p>
                <small>{t("facts.now", { count: first.count })}</small>
                <strong>{format.quantity(first.total, first.point.unit === "%" ? money : first.point.unit)}</strong>
              </p>
            )}
            {first.adds_up !== null && (
              <Badge variant="light" color={first.adds_up ? "green" : "orange"} autoContrast tt="none" fw={560} size="lg">
                {t(first.adds_up ? "facts.adds_up" : "facts.differs")}
              </Badge>
            )}
          </div>
          {first.adds_up === false && (
            <p className={css.note} role="note">
              {t(first.moved_on ? "facts.moved_on" : "facts.rounded")}{" "}
              {first.moved_on && (
                <Button variant="subtle" size="compact-sm" onClick={recompute}>
                  {t("report.recompute")}
                </Button>
              )}
            </p>
          )}
          {rows.length === 0 ? (
            <Nothing sign={IconListSearch}>{t("facts.none")}</Nothing>
          ) : (
            <div className={css.table} data-tall tabIndex={0} role="region" aria-label={t("facts.title")}>
              <table>
                <caption className="hidden">{t("facts.title")}</caption>
                <Heads columns={first.columns} />
                <tbody>
                  {rows.map((row) => (
                    <tr key={row.id}>
                      {first.columns.map((column, i) => (
                        <td key={column.id} data-kind={column.kind}>
                          {cell(format, row.cells[i], column)}
                        </td>
                      ))}
                    </tr>
                  ))}
                </tbody>
              </table>
              <More query={query} />
            </div>
          )}
          {first.as_of && <p className={css.note}>{t("facts.as_of", { when: format.moment(first.as_of), shown: rows.length, count: first.count })}</p>}
        </>
      )}
    </Modal>
  );
}
