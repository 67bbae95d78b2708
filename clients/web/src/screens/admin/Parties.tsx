import { Input, Stack, Text } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import type { Source } from "../../api/reports";
import { renew } from "../../api/queries";
import { access, get } from "../../session";
import { useProblem } from "../../ui/format";
import { ChoiceField } from "../report/ChoiceField";
import { useReportTypes } from "../report/useReports";

interface Stands {
  source: string;
  party_id: string;
}

/** Which customer of each source an account stands for: reports that it sees hold this customer's rows only. */
export function Parties({ person }: { person: string }) {
  const { t } = useTranslation();
  const say = useProblem();
  const sources = useQuery({ queryKey: ["sources"], queryFn: async () => (await get<{ items: Source[] }>("/sources")).items });
  const set = useQuery({ queryKey: ["parties", person], queryFn: async () => (await get<{ items: Stands[] }>(`/customers/${person}/parties`)).items });
  const change = useMutation({
    mutationFn: ({ source, party }: { source: string; party: string | null }) => (party ? access.request("PUT", `/customers/${person}/parties/${source}`, { party_id: party }) : access.request("DELETE", `/customers/${person}/parties/${source}`)),
    onSettled: () => renew("parties", person),
  });
  const problem = sources.error ?? set.error ?? change.error;
  return (
    <Input.Wrapper label={t("parties.title")} description={t("parties.text")} labelElement="div">
      <Stack gap="xs" mt={6}>
        {set.data && sources.data?.map((source) => <One key={source.name} source={source} value={set.data.find((one) => one.source === source.name)?.party_id ?? null} put={(party) => change.mutate({ source: source.name, party })} />)}
        {problem && (
          <Text size="sm" c="red" role="alert">
            {say(problem)}
          </Text>
        )}
      </Stack>
    </Input.Wrapper>
  );
}

function One({ source, value, put }: { source: Source; value: string | null; put: (party: string | null) => void }) {
  const { t } = useTranslation();
  const types = useReportTypes(true, source.name);
  const type = types.data?.find((one) => one.filters.some((filter) => filter.id === "party_id"));
  const filter = type?.filters.find((one) => one.id === "party_id");
  return type && filter && <ChoiceField type={type.type} source={source.name} filter={filter} label={source.title} placeholder={t("parties.nobody")} value={value} put={put} />;
}
