import { useTranslation } from "react-i18next";
import type { Column, Table } from "../../api/types";
import { type Format, useFormat } from "../../ui/format";
import css from "./report.module.css";

interface Props {
  table: Table;
  /** Leads from a row to the facts behind it. */
  drill?: (key: string) => void;
}

/** The numbers behind a chart, as they are. */
export function DataTable({ table, drill }: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  const total = table.total_rows ?? table.rows.length;
  const sums = new Set(table.sums);
  return (
    <div className={css.table} tabIndex={0} role="region" aria-label={table.title}>
      <table>
        <caption className="hidden">{table.title}</caption>
        <Heads columns={table.columns} />
        <tbody>
          {table.rows.map((row, i) => {
            const key = table.keys?.[i];
            return (
              <tr key={i} data-sum={sums.has(i) || undefined}>
                {table.columns.map((column, j) => (
                  <td key={column.id} data-kind={column.kind}>
                    {key && drill && j === 0 ? (
                      <button type="button" onClick={() => drill(key)} title={t("facts.show")}>
                        {cell(format, row[j], column)}
                        <span className="hidden">. {t("facts.show")}</span>
                      </button>
                    ) : (
                      cell(format, row[j], column)
                    )}
                  </td>
                ))}
              </tr>
            );
          })}
        </tbody>
        {table.foot && (
          <tfoot>
            <tr>
              {table.columns.map((column, j) => (
                <td key={column.id} data-kind={column.kind}>
                  {table.foot![j] === null ? "" : cell(format, table.foot![j], column)}
                </td>
              ))}
            </tr>
          </tfoot>
        )}
      </table>
      {total > table.rows.length && <p>{t("report.rows_of", { shown: table.rows.length, count: total })}</p>}
    </div>
  );
}

export function Heads({ columns }: { columns: Column[] }) {
  return (
    <thead>
      <tr>
        {columns.map((column) => (
          <th key={column.id} scope="col" data-kind={column.kind}>
            {column.label}
          </th>
        ))}
      </tr>
    </thead>
  );
}

export function cell(format: Format, value: string | number | null | undefined, column: Column): string {
  if (value === null || value === undefined || value === "") return "–";
  if (column.kind === "money") return format.quantity(String(value), column.currency);
  if (column.kind === "percent") return format.percent(Number(value));
  if (column.kind === "number") return format.quantity(String(value));
  if (column.kind === "date") return format.date(String(value));
  return String(value);
}
