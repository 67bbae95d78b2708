import { useTranslation } from "react-i18next";
import type { Column, Table } from "../../api/types";
import { useFormat } from "../../ui/format";
import css from "./report.module.css";

/** The numbers behind a chart, as they are. */
export function DataTable({ table }: { table: Table }) {
  const { t } = useTranslation();
  const format = useFormat();
  const total = table.total_rows ?? table.rows.length;

  function cell(value: string | number | null | undefined, column: Column): string {
    if (value === null || value === undefined || value === "") return "–";
    if (column.kind === "money") return format.quantity(String(value), column.currency);
    if (column.kind === "percent") return format.percent(Number(value));
    if (column.kind === "number") return format.quantity(String(value));
    if (column.kind === "date") return format.date(String(value));
    return String(value);
  }

  return (
    <div className={css.table} tabIndex={0} role="region" aria-label={table.title}>
      <table>
        <caption className="hidden">{table.title}</caption>
        <thead>
          <tr>
            {table.columns.map((column) => (
              <th key={column.id} scope="col" data-kind={column.kind}>
                {column.label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {table.rows.map((row, i) => (
            <tr key={i}>
              {table.columns.map((column, j) => (
                <td key={column.id} data-kind={column.kind}>
                  {cell(row[j], column)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {total > table.rows.length && <p>{t("report.rows_of", { shown: table.rows.length, count: total })}</p>}
    </div>
  );
}
