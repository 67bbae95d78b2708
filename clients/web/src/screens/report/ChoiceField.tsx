import { Select } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { Choice, Filter } from "../../api/reports";
import { get } from "../../session";

const TYPING_MS = 250;
/** From here on a list is looked through more quickly by typing. */
const MANY = 8;

interface Props {
  type: string;
  source?: string | null;
  filter: Filter;
  label: string;
  placeholder: string;
  value: string | null;
  put: (value: string | null) => void;
  /** How a choice is called here. */
  named?: (choice: Choice) => string;
}

/** One of a filter's choices; where there are more than are listed, the server looks for what is typed. */
export function ChoiceField({ type, source, filter, label, placeholder, value, put, named = (choice) => choice.label }: Props) {
  const [typed, setTyped] = useState("");
  const [q] = useDebouncedValue(typed.trim() || (value ?? ""), TYPING_MS);
  const asked = new URLSearchParams({ filter: filter.id, q, ...(source ? { source } : {}) });
  const found = useQuery({
    queryKey: ["choices", type, source ?? "", filter.id, q],
    queryFn: async () => (await get<{ items: Choice[] }>(`/reports/types/${type}/choices?${asked}`)).items,
    enabled: Boolean(filter.more && q),
    placeholderData: (before) => before,
  });
  const choices = (filter.more && q && found.data) || filter.choices || [];
  const data = choices.map((choice) => ({ value: choice.value, label: named(choice) }));
  if (value && !data.some((one) => one.value === value)) data.push({ value, label: value });
  return <Select label={label} data={data} value={value} onChange={put} searchable={filter.more || data.length > MANY} onSearchChange={setTyped} filter={filter.more ? ({ options }) => options : undefined} clearable placeholder={placeholder} />;
}
