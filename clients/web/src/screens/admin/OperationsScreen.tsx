import { Badge } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { IconCircleCheck } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";
import type { components } from "../../api/openapi";
import { get } from "../../session";
import { useFormat } from "../../ui/format";
import { Screen, Waiting } from "../../ui/Screen";
import { Administrators, useAdminTabs } from "./Administrators";
import css from "./admin.module.css";

const LOOK_AGAIN_MS = 10_000;
type Operations = components["schemas"]["Operations"];
type Service = Operations["services"][number];

/** How the installation is: each service, gateway and source, and what could not be heard. */
export default function OperationsScreen() {
  return (
    <Administrators>
      <Installation />
    </Administrators>
  );
}

function Installation() {
  const { t } = useTranslation();
  const format = useFormat();
  const query = useQuery({ queryKey: ["operations"], queryFn: () => get<Operations>("/operations"), refetchInterval: LOOK_AGAIN_MS });
  const { data } = query;
  const troubles = data ? [...data.services, ...(data.sources ?? [])].filter((one) => one.troubles.length > 0).length : 0;
  return (
    <Screen title={t("admin.title")} tabs={useAdminTabs()}>
      <Waiting query={query} has={Boolean(data)} />
      {data && (
        <div className={css.operations}>
          <p className={css.verdict} data-good={troubles === 0} role="status">
            {troubles === 0 && <IconCircleCheck size={22} stroke={1.7} />}
            <strong>{troubles === 0 ? t("operations.good") : t("operations.troubles", { count: troubles })}</strong>
            <span>{t("operations.at", { when: format.moment(data.at) })}</span>
          </p>
          <section aria-label={t("operations.services")}>
            <h3>{t("operations.services")}</h3>
            <ul>
              {data.services.map((service) => (
                <li key={service.name}>
                  <One service={service} />
                </li>
              ))}
            </ul>
          </section>
          <section aria-label={t("operations.gateways")}>
            <h3>{t("operations.gateways")}</h3>
            <div className={css.table} tabIndex={0} role="region" aria-label={t("operations.gateways")}>
              <table>
                <thead>
                  <tr>
                    {["gateway", "version", "since", "sockets"].map((head) => (
                      <th key={head} scope="col">
                        {t(`operations.${head}`)}
                      </th>
                    ))}
                  </tr>
                </thead>
                <tbody>
                  {data.gateways.map((gateway) => (
                    <tr key={gateway.id}>
                      <th scope="row">{gateway.id}</th>
                      <td>{gateway.version}</td>
                      <td>{format.ago(gateway.since)}</td>
                      <td>{format.number(gateway.sockets)}</td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          </section>
          <section aria-label={t("sources.title")}>
            <h3>{t("sources.title")}</h3>
            {data.sources === null ? (
              <p>{t("operations.no_sources")}</p>
            ) : (
              <ul>
                {data.sources.map((source) => (
                  <li key={source.name}>
                    <article aria-label={source.title}>
                      <header>
                        <h4>
                          <Link href={`/sources/${source.name}`}>{source.title}</Link>
                        </h4>
                        <Troubles of="source" troubles={source.troubles} />
                      </header>
                      <dl>
                        <Fact name={t("sources.as_of")}>{source.as_of ? format.ago(source.as_of) : "–"}</Fact>
                        <Fact name={t("sources.next")}>{source.next ? format.moment(source.next) : "–"}</Fact>
                      </dl>
                    </article>
                  </li>
                ))}
              </ul>
            )}
          </section>
        </div>
      )}
    </Screen>
  );
}

function One({ service }: { service: Service }) {
  const { t } = useTranslation();
  const format = useFormat();
  const { outbox, waiting, dead, work } = service;
  return (
    <article aria-label={service.name}>
      <header>
        <h4>
          {service.name} <small>{service.version}</small>
        </h4>
        <Troubles of="service" troubles={service.troubles} />
      </header>
      {service.problem && <p className={css.trouble}>{service.problem}</p>}
      {service.replicas !== null && (
        <dl>
          <Fact name={t("operations.replicas")}>{format.number(service.replicas)}</Fact>
          <Fact name={t("operations.since")}>{service.since ? format.ago(service.since) : "–"}</Fact>
          <Fact name={t("operations.answered")}>{t("operations.ms", { value: format.number(service.seconds * 1000) })}</Fact>
          {waiting && <Fact name={t("operations.waiting")}>{t("operations.waiting_of", { calls: format.number(waiting.calls), events: format.number(waiting.events + waiting.retries) })}</Fact>}
          {outbox && <Fact name={t("operations.outbox")}>{outbox.length === 0 ? "0" : `${format.number(outbox.length)}, ${t("sources.seconds", { value: format.number(outbox.oldest_seconds) })}`}</Fact>}
          {work?.map((one) => (
            <Fact key={one.name} name={t(`operations.work_${one.name}`, one.name)}>
              {t("operations.jobs", { queued: format.number(one.queued), running: format.number(one.running) })}
            </Fact>
          ))}
        </dl>
      )}
      {dead && dead.count > 0 && (
        <details className={css.dead}>
          <summary>{t("operations.dead", { count: dead.count })}</summary>
          <ol>
            {dead.letters.map((letter, i) => (
              <li key={letter.id ?? i}>
                <code>{letter.type}</code> {format.moment(letter.time)}
                <p>{letter.reason}</p>
              </li>
            ))}
          </ol>
          <p>
            {t("operations.redrive")} <code>bchat-admin dead redrive {service.name}</code>
          </p>
        </details>
      )}
    </article>
  );
}

function Fact({ name, children }: { name: string; children: React.ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Troubles({ of, troubles }: { of: "service" | "source"; troubles: string[] }) {
  const { t } = useTranslation();
  const said = troubles.length > 0 ? troubles.map((one) => t(`operations.${of}_${one}`)) : [t("operations.well")];
  return said.map((word) => (
    <Badge key={word} variant="light" color={troubles.length > 0 ? "red" : "green"} autoContrast tt="none" fw={560}>
      {word}
    </Badge>
  ));
}
