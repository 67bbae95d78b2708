"""The resources are what Kubernetes and the operators know, and keep the rules that matter."""

import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import kubernetes_validate
import pytest
import yaml
from jsonschema import Draft202012Validator
from kit.config import misspelt
from kit.service import STOP_SECONDS
from rights import SERVICES, written

K8S = Path(__file__).parents[1]
ROOT = K8S.parents[1]
VERSIONS = ("1.31", "1.34", "1.37")
# Whose config.yml a process reads.
PROCESSES = {name: name for name in (*SERVICES, "gateway")}
PROCESSES |= {"reports-worker": "reports", "push-worker": "push"}
KEEP_FILES = {"auth", "chat", "news", "reports", "reports-worker", "gateway"}
# Of the pod's own environment: parts that addresses are put together from.
PARTS = {"BROKER_USER", "BROKER_PASSWORD", "DATABASE_USER", "DATABASE_PASSWORD", "DATABASE_HOST"}
# Switched off by being empty, as their descriptions say.
MAY_BE_EMPTY = {"TRACES_URL", "ALLOWED_ORIGINS", "TILES_URL", "TILES_ATTRIBUTION"}
MAY_BE_EMPTY |= {"FCM_URL", "WEB_PUSH_HOSTS", "WEB_PUSH_ALSO"}
OF_ONE_MACHINE = re.compile(r"localhost|127\.0\.0\.1|/|\.yml$")
NAME = "app.kubernetes.io/name"
ZONE, HOST = "topology.kubernetes.io/zone", "kubernetes.io/hostname"
Resource = dict[str, Any]


@cache
def rendered(overlay: str) -> tuple[Resource, ...]:
    """What Kustomize makes of an overlay."""
    done = subprocess.run(
        ["kubectl", "kustomize", K8S / "overlays" / overlay], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return tuple(yaml.safe_load_all(done.stdout))


@pytest.fixture(params=["small", "production"])
def resources(request: pytest.FixtureRequest) -> tuple[Resource, ...]:
    return rendered(request.param)


def of_kind(resources: tuple[Resource, ...], *kinds: str) -> list[Resource]:
    found = [resource for resource in resources if resource["kind"] in kinds]
    assert found
    return found


def named(resources: tuple[Resource, ...], kind: str) -> dict[str, Resource]:
    """Ours of a kind, by the process they are for."""
    return {
        resource["metadata"]["labels"][NAME]: resource
        for resource in of_kind(resources, kind)
        if NAME in resource["metadata"].get("labels", {})
    }


def pods(resources: tuple[Resource, ...]) -> list[tuple[str, Resource]]:
    return [
        (f"{resource['kind']} {resource['metadata']['name']}", resource["spec"]["template"]["spec"])
        for resource in of_kind(resources, "Deployment", "Job")
    ]


def of_operator(resource: Resource) -> bool:
    group = resource["apiVersion"].partition("/")[0]
    return "." in group and not group.endswith(".k8s.io")


@pytest.mark.parametrize("version", VERSIONS)
def test_every_version_of_kubernetes_knows_the_resources(
    resources: tuple[Resource, ...], version: str
) -> None:
    for resource in resources:
        if not of_operator(resource):
            kubernetes_validate.validate(resource, version, strict=True)


def test_operators_know_their_resources(resources: tuple[Resource, ...]) -> None:
    known = yaml.safe_load((Path(__file__).parent / "operators.yml").read_text())
    done = subprocess.run([sys.executable, K8S / "seeing.py"], capture_output=True, check=True)
    resources += tuple(yaml.safe_load_all(done.stdout))
    theirs = [resource for resource in resources if of_operator(resource)]
    assert {f"{resource['apiVersion']}/{resource['kind']}" for resource in theirs} == known.keys()
    for resource in theirs:
        schema = known[f"{resource['apiVersion']}/{resource['kind']}"]
        wrong = [problem.message for problem in Draft202012Validator(schema).iter_errors(resource["spec"])]
        assert wrong == [], f"{resource['kind']} {resource['metadata']['name']}"


def test_each_process_of_bchat_is_there(resources: tuple[Resource, ...]) -> None:
    assert named(resources, "Deployment").keys() == PROCESSES.keys()
    assert named(resources, "Job").keys() == set(SERVICES)
    for kind in ("PodDisruptionBudget", "NetworkPolicy", "ServiceMonitor", "Service"):
        assert named(resources, kind).keys() == PROCESSES.keys(), kind


def test_a_container_is_bounded_confined_and_of_a_version(resources: tuple[Resource, ...]) -> None:
    for name, pod in pods(resources):
        assert pod["securityContext"]["runAsNonRoot"] is True, name
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, name
        assert pod["automountServiceAccountToken"] is False, name
        for container in pod["containers"]:
            for what in ("requests", "limits"):
                assert container["resources"][what].keys() == {"cpu", "memory"}, name
            tag = container["image"].rpartition(":")[2]
            assert re.fullmatch(r"\d+\.\d+\.\d+", tag), container["image"]
            context = container["securityContext"]
            assert context["allowPrivilegeEscalation"] is False, name
            assert context["readOnlyRootFilesystem"] is True, name
            assert context["capabilities"] == {"drop": ["ALL"]}, name


def test_the_servers_are_of_a_version_too(resources: tuple[Resource, ...]) -> None:
    images = [
        resource["spec"].get("image") or resource["spec"].get("imageName")
        for resource in of_kind(resources, "RabbitmqCluster", "Cluster")
    ]
    assert all(re.search(r":\d+\.\d+", image) for image in images)


def test_images_are_of_the_version_of_their_service(resources: tuple[Resource, ...]) -> None:
    for process, deployment in named(resources, "Deployment").items():
        service = PROCESSES[process]
        text = (ROOT / "services" / service / "pyproject.toml").read_text()
        version = re.search(r'^version = "(.+)"$', text, re.MULTILINE)
        assert version
        (container,) = deployment["spec"]["template"]["spec"]["containers"]
        assert container["image"] == f"bchat/{service}:{version[1]}"


def test_a_process_is_asked_whether_it_lives_and_whether_it_can_serve(
    resources: tuple[Resource, ...],
) -> None:
    for process, deployment in named(resources, "Deployment").items():
        (container,) = deployment["spec"]["template"]["spec"]["containers"]
        ports = {port["name"] for port in container["ports"]}
        for probe, path in (("startup", "/healthz"), ("liveness", "/healthz"), ("readiness", "/readyz")):
            asked = container[f"{probe}Probe"]["httpGet"]
            assert asked["path"] == path, process
            assert asked["port"] in ports, process
        (endpoint,) = named(resources, "ServiceMonitor")[process]["spec"]["endpoints"]
        service = named(resources, "Service")[process]["spec"]
        told = {port["name"]: port["targetPort"] for port in service["ports"]}
        assert told[endpoint["port"]] in ports, process


def variables(service: str) -> dict[str, str | None]:
    """Every variable of a `config.yml`, with its default."""
    text = (ROOT / "services" / service / "config.yml").read_text()
    return {name: default for name, _, default in re.findall(r"\$\{([A-Z0-9_]+)(:([^}]*))?\}", text)}


def test_every_setting_is_provided_and_none_is_unknown(resources: tuple[Resource, ...]) -> None:
    for kind in ("Deployment", "Job"):
        for process, owner in named(resources, kind).items():
            service = PROCESSES[process]
            known = variables(service)
            (container,) = owner["spec"]["template"]["spec"]["containers"]
            given = {variable["name"] for variable in container["env"]}
            assert given - PARTS - known.keys() == set(), process
            image = (ROOT / "services" / service / "Dockerfile").read_text()
            given |= {name for name in known if re.search(rf"^ENV .*\b{name}=", image, re.MULTILINE)}
            if {"secretRef": {"name": "files"}} in container["envFrom"]:
                given.add("FILES_URL")
            # What has no default, or one that is true of one machine only, is given.
            needed = {
                name for name, default in known.items() if not default or OF_ONE_MACHINE.search(default)
            }
            needed |= known.keys() & {"PROBE_PORT"}
            if kind == "Job":
                needed &= {"AMQP_URI", "DATABASE_URI"}
            assert needed - given - MAY_BE_EMPTY == set(), process


def test_a_setting_of_one_service_looks_like_no_slip_to_another(monkeypatch: pytest.MonkeyPatch) -> None:
    """All have the ConfigMap `settings`, and each tells the doctor of names that look misspelt."""
    services = (*SERVICES, "gateway")
    for name in {name for service in services for name in variables(service)}:
        monkeypatch.setenv(name, "")
        for service in services:
            if name not in variables(service):
                assert misspelt(ROOT / "services" / service / "config.yml") == {}, service
        monkeypatch.delenv(name)


def test_secrets_are_named_and_never_written_down(resources: tuple[Resource, ...]) -> None:
    assert not [resource for resource in resources if resource["kind"] == "Secret"]
    for process, deployment in named(resources, "Deployment").items():
        account = PROCESSES[process]
        (container,) = deployment["spec"]["template"]["spec"]["containers"]
        for variable in container["env"]:
            if variable["name"] in PARTS - {"DATABASE_HOST"}:
                of = "broker" if variable["name"].startswith("BROKER_") else "database"
                assert variable["valueFrom"]["secretKeyRef"]["name"] == f"{account}-{of}", process
            if variable["name"].endswith("_URI"):
                assert re.search(r"://\$\(\w+\):\$\(\w+\)@", variable["value"]), process


def test_a_service_reaches_what_it_needs_and_nothing_else(resources: tuple[Resource, ...]) -> None:
    policies = of_kind(resources, "NetworkPolicy")
    everything = next(p for p in policies if p["spec"]["podSelector"] == {})
    assert set(everything["spec"]["policyTypes"]) == {"Ingress", "Egress"}
    assert "ingress" not in everything["spec"]
    assert [port["port"] for rule in everything["spec"]["egress"] for port in rule["ports"]] == [53, 53]
    for process, policy in named(resources, "NetworkPolicy").items():
        account = {"bchat/account": PROCESSES[process]}
        assert policy["spec"]["podSelector"]["matchLabels"] == account, process
        reached = {
            (next(iter(peer["podSelector"]["matchLabels"].values())) if peer else "anywhere", port["port"])
            for rule in policy["spec"]["egress"]
            for peer in rule.get("to", [None])
            for port in rule["ports"]
        }
        allowed = {("bchat-broker", 5672)}
        if process != "gateway":
            allowed |= {("bchat-database", 5432), ("bchat-pooler", 5432)}
        if process in KEEP_FILES or process == "push-worker":
            allowed.add(("anywhere", 443))
        if process in {"reports", "reports-worker"}:
            allowed |= {("anywhere", 5432), ("anywhere", 3306)}
        assert reached == allowed, process
        who = {
            next(iter(peer["namespaceSelector"]["matchLabels"].values()))
            for rule in policy["spec"]["ingress"]
            for peer in rule["from"]
        }
        assert who == ({"monitoring", "ingress-nginx"} if process == "gateway" else {"monitoring"}), process


def test_spans_have_a_way_to_their_collector(tmp_path: Path) -> None:
    parts = {"resources": "overlays/small/servers", "components": "components/traces"}
    own = {key: [os.path.relpath(K8S / place, tmp_path)] for key, place in parts.items()}
    (tmp_path / "kustomization.yaml").write_text(yaml.safe_dump({**own, "namespace": "bchat"}))
    made = {(r["kind"], r["metadata"]["name"]): r for r in rendered(str(tmp_path))}
    url = urlsplit(made["ConfigMap", "settings"]["data"]["TRACES_URL"])
    policy = made["NetworkPolicy", "traces"]["spec"]
    assert policy["podSelector"] == {"matchLabels": {"app.kubernetes.io/part-of": "bchat"}}
    (rule,) = policy["egress"]
    namespace = rule["to"][0]["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"]
    assert (str(url.hostname).partition(".")[2], url.port) == (namespace, rule["ports"][0]["port"])


def test_one_machine_less_is_no_service_less() -> None:
    resources = rendered("production")
    for process, deployment in named(resources, "Deployment").items():
        spec = deployment["spec"]
        assert spec["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}, process
        spread = spec["template"]["spec"]["topologySpreadConstraints"]
        assert {rule["topologyKey"] for rule in spread} == {ZONE, HOST}
        for selector in (
            spec["selector"],
            named(resources, "PodDisruptionBudget")[process]["spec"]["selector"],
            *(rule["labelSelector"] for rule in spread),
        ):
            assert selector == {"matchLabels": {NAME: process}}, process
        assert spec["template"]["metadata"]["labels"][NAME] == process
        assert named(resources, "PodDisruptionBudget")[process]["spec"]["maxUnavailable"] == 1
        assert named(resources, "HorizontalPodAutoscaler")[process]["spec"]["minReplicas"] >= 2
    for job in named(resources, "Job").values():
        # Were it taken for a replica, a budget could not be reckoned and Prometheus would miss it.
        assert NAME not in job["spec"]["template"]["metadata"]["labels"]
    kept = [budget["spec"]["selector"]["matchLabels"] for budget in of_kind(resources, "PodDisruptionBudget")]
    # CloudNativePG makes those of the database itself.
    assert {NAME: "bchat-broker"} in kept
    assert {"cnpg.io/poolerName": "bchat-pooler"} in kept
    servers = {r["kind"]: r["spec"] for r in of_kind(resources, "RabbitmqCluster", "Cluster", "Pooler")}
    assert servers["RabbitmqCluster"]["replicas"] == 3
    assert servers["Cluster"]["instances"] == 3
    assert servers["Cluster"]["postgresql"]["synchronous"]["number"] == 1
    assert servers["Pooler"]["instances"] == 2


def test_replicas_follow_the_processor_and_what_waits() -> None:
    for process, scaler in named(rendered("production"), "HorizontalPodAutoscaler").items():
        assert scaler["spec"]["scaleTargetRef"]["name"] == f"{process}-service"
        cpu, waits = scaler["spec"]["metrics"]
        assert cpu["resource"]["name"] == "cpu"
        if process in SERVICES:
            metric = waits["external"]["metric"]
            assert metric["name"] == "rabbitmq_queue_messages_ready"
            assert metric["selector"]["matchLabels"] == {"queue": f"rpc-{process}"}
        else:
            metric = waits.get("external", waits.get("pods"))["metric"]
            service = ROOT / "services" / PROCESSES[process] / PROCESSES[process]
            code = "".join(path.read_text() for path in service.rglob("*.py"))
            assert f'"{metric["name"]}"' in code


def test_who_may_end_a_process_waits_as_long_as_it_takes_to_end(resources: tuple[Resource, ...]) -> None:
    for process, deployment in named(resources, "Deployment").items():
        assert deployment["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] > STOP_SECONDS, process


def test_users_of_the_broker_have_the_rights_of_every_other_run() -> None:
    assert (K8S / "base" / "servers" / "rights.yaml").read_text() == written()


def test_who_has_a_schema_has_a_role_for_it(resources: tuple[Resource, ...]) -> None:
    (cluster,) = of_kind(resources, "Cluster")
    (database,) = of_kind(resources, "Database")
    assert {role["name"] for role in cluster["spec"]["managed"]["roles"]} == set(SERVICES)
    assert all(schema["name"] == schema["owner"] for schema in database["spec"]["schemas"])
    assert {schema["name"] for schema in database["spec"]["schemas"]} == set(SERVICES)
