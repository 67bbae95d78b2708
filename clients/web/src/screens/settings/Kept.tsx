import { Button, Progress, Text } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { IconFileDownload } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useFormat } from "../../ui/format";
import { saveAs } from "../../ui/saveAs";
import { Wrong } from "../../ui/Wrong";
import { keptOf } from "./kept";
import css from "./settings.module.css";

interface Props {
  person: string;
  /** Under which it is saved. */
  name: string;
  /** Whether that is oneself. */
  mine?: boolean;
}

/** All that is kept of somebody, to take along: for themselves, and for administrators. */
export function Kept({ person, name, mine }: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  const [things, setThings] = useState(0);
  const take = useMutation({
    mutationFn: () => {
      setThings(0);
      return keptOf(person, setThings);
    },
    onSuccess: (saved) => saveAs(saved.content, `${name}.jsonl`),
  });
  const told = (count: number) => ({ count, number: format.number(count) });
  return (
    <div className={css.kept}>
      <Text size="sm">{t(mine ? "kept.text" : "kept.text_theirs")}</Text>
      <Button variant="default" size="sm" leftSection={<IconFileDownload size={18} />} loading={take.isPending} onClick={() => take.mutate()}>
        {t(mine ? "kept.save" : "kept.save_theirs")}
      </Button>
      {take.isPending && <Progress value={100} striped animated aria-label={t("kept.coming")} />}
      <Text className={css.words} size="sm" c="dimmed" role="status">
        {take.isPending ? t("kept.so_far", told(things)) : take.data ? t("kept.saved", told(take.data.things)) : ""}
      </Text>
      <Wrong problem={take.error} />
    </div>
  );
}
