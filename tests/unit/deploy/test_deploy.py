"""Images, compose and Kubernetes: checked against their schemas and against the code, not run."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import pytest
import yaml
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from cli.reference import settings_rows
from db.engine import create_engine, transaction
from orchestrator.ports.accounts import RUNS

ROOT = Path(__file__).parents[3]
DEPLOY = ROOT / "deploy"
MANIFESTS = DEPLOY / "kubernetes"
KUBERNETES = ("1.29", "1.37")
SETTINGS = {variable for variable, _, _ in settings_rows()}
OF_THE_SERVERS = {"POSTGRES_USER", "POSTGRES_DB", "POSTGRES_PASSWORD", "POSTGRES_INITDB_ARGS"}
OF_THE_PROXY = {"TROUPE_DOMAIN"}


def manifests() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every document of every manifest, with a name to show."""
    for file in sorted(MANIFESTS.glob("*.yaml")):
        for document in yaml.safe_load_all(file.read_text(encoding="utf-8")):
            yield f"{file.name}:{document['kind']}", document


ALL = dict(manifests())
KNOWN = {
    name: one for name, one in ALL.items() if one["kind"] not in {"Kustomization", "ScaledObject"}
}
"""What Kubernetes itself knows; the other two are other programs' and are checked by hand."""
NODES = ALL["nodes.yaml:StatefulSet"]
POD = NODES["spec"]["template"]
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
DOCKERFILE = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")


@pytest.mark.parametrize("version", KUBERNETES)
@pytest.mark.parametrize("name", KNOWN)
def test_each_manifest_fits_the_schema_of_kubernetes_strictly(name: str, version: str) -> None:
    kubernetes_validate.validate(KNOWN[name], version, strict=True)


def test_the_schema_would_refuse_a_slip() -> None:
    slip = json.loads(json.dumps(NODES))
    slip["spec"]["template"]["spec"]["containers"][0]["livenesProbe"] = {}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(slip, KUBERNETES[-1], strict=True)


def test_compose_fits_the_schema_of_the_compose_specification() -> None:
    schema = files("check_jsonschema").joinpath("builtin_schemas/vendor/compose-spec.json")
    jsonschema.validate(COMPOSE, json.loads(schema.read_text(encoding="utf-8")))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(
            {**COMPOSE, "servcies": {}}, json.loads(schema.read_text(encoding="utf-8"))
        )


def test_the_linter_of_dockerfiles_has_nothing_to_say() -> None:
    linter = Path(sys.executable).with_name("hadolint")
    said = subprocess.run(
        [linter, "--failure-threshold", "style", DEPLOY / "Dockerfile"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (said.returncode, said.stdout) == (0, "")


def test_the_image_runs_as_nobody_of_note_and_says_how_it_is() -> None:
    last = DOCKERFILE.split("FROM ")[-1]
    assert "USER 10001:10001" in last
    assert "/healthz" in last
    assert "STOPSIGNAL SIGTERM" in last
    assert re.search(r"ARG PYTHON_VERSION=3\.\d+\.\d+\n", DOCKERFILE)


def test_the_image_holds_every_package_that_is_installed_here() -> None:
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    listed = re.search(r"\[tool\.setuptools\.packages\.find\]\s*include = \[(.*?)\]", project, re.S)
    assert listed is not None
    packages = set(re.findall(r'"(\w+)\*"', listed[1]))
    assert packages == set(re.findall(r"^COPY (\w+) \1$", DOCKERFILE, re.M))
    allowed = (DEPLOY / "Dockerfile.dockerignore").read_text(encoding="utf-8")
    assert packages <= set(re.findall(r"^!(\w+)$", allowed, re.M))


def images() -> list[str]:
    """Return every image that is named, but for our own."""
    named = [one["image"] for one in COMPOSE["services"].values()]
    return [image for image in named if not image.startswith("troupe:")]


@pytest.mark.parametrize("image", images())
def test_no_image_is_named_without_a_version(image: str) -> None:
    assert re.search(r":\d+\.\d+", image)


@pytest.mark.parametrize("service", COMPOSE["services"])
def test_compose_sets_only_variables_that_somebody_reads(service: str) -> None:
    given = COMPOSE["services"][service].get("environment", {})
    assert set(given) <= SETTINGS | OF_THE_SERVERS | OF_THE_PROXY


def test_every_variable_that_compose_asks_for_stands_in_the_example() -> None:
    asked = set(re.findall(r"\$\{(\w+)", (DEPLOY / "compose.yaml").read_text(encoding="utf-8")))
    example = (DEPLOY / "env.example").read_text(encoding="utf-8")
    assert asked == set(re.findall(r"^(\w+)=", example, re.M))


def test_two_nodes_have_two_names_and_wait_for_both_servers() -> None:
    nodes = [one for name, one in COMPOSE["services"].items() if name.startswith("node-")]
    assert len({one["environment"]["NODE_NAME"] for one in nodes}) == len(nodes) == 2
    for node in nodes:
        assert set(node["depends_on"]) == {"postgres", "valkey"}
        assert node["stop_grace_period"] == "30s"
    assert COMPOSE["networks"]["inside"] == {"internal": True}


def test_nothing_but_the_proxy_is_reached_from_other_machines() -> None:
    for name, service in COMPOSE["services"].items():
        for port in service.get("ports", ()):
            assert name == "caddy" or str(port).startswith("127.0.0.1:")


@pytest.mark.parametrize("name", ["config.yaml:ConfigMap", "secret.example.yaml:Secret"])
def test_kubernetes_sets_only_variables_that_somebody_reads(name: str) -> None:
    given = ALL[name].get("data", {}) | ALL[name].get("stringData", {})
    assert set(given) <= SETTINGS


def test_the_pattern_of_the_secret_holds_no_secret_and_is_not_applied() -> None:
    values = ALL["secret.example.yaml:Secret"]["stringData"].values()
    assert all("CHANGE-ME" in value for value in values)
    applied = ALL["kustomization.yaml:Kustomization"]["resources"]
    assert "secret.example.yaml" not in applied
    assert all((MANIFESTS / file).exists() for file in applied)


def test_everything_that_selects_nodes_selects_them() -> None:
    labels = POD["metadata"]["labels"].items()
    spread = POD["spec"]["topologySpreadConstraints"][0]["labelSelector"]
    for selector in (
        NODES["spec"]["selector"],
        spread,
        ALL["disruption.yaml:PodDisruptionBudget"]["spec"]["selector"],
    ):
        assert selector["matchLabels"].items() <= labels
    assert ALL["nodes.yaml:Service"]["spec"]["selector"].items() <= labels
    for scaler in ("autoscaling.yaml:HorizontalPodAutoscaler", "keda.yaml:ScaledObject"):
        target = ALL[scaler]["spec"]["scaleTargetRef"]
        assert (target["kind"], target["name"]) == ("StatefulSet", NODES["metadata"]["name"])


def test_a_node_is_asked_drained_and_stopped_in_time() -> None:
    (container,) = POD["spec"]["containers"]
    asked = {name: container[name]["httpGet"]["path"] for name in PROBES}
    assert asked == PROBES
    (*_, drain) = container["lifecycle"]["preStop"]["exec"]["command"]
    limit = re.search(r'^timeout (\d+) troupe nodes drain "\$NODE_NAME"', drain)
    assert limit is not None
    assert POD["spec"]["terminationGracePeriodSeconds"] >= int(limit[1]) + 10 + 10
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert POD["spec"]["securityContext"]["runAsUser"] == 10001


PROBES = {"startupProbe": "/healthz", "livenessProbe": "/healthz", "readinessProbe": "/readyz"}


@pytest.fixture
async def engine(database_url: str) -> AsyncEngine:
    return create_engine(database_url)


async def test_the_question_that_scales_nodes_is_one_that_the_database_answers(
    engine: AsyncEngine,
) -> None:
    (trigger,) = ALL["keda.yaml:ScaledObject"]["spec"]["triggers"]
    query = trigger["metadata"]["query"]
    assert set(re.findall(r"'(\w+)'", query)) == set(RUNS)
    async with transaction(engine) as connection:
        assert (await connection.execute(text(query))).scalar_one() == 0
    await engine.dispose()
    assert (
        trigger["metadata"]["connectionFromEnv"] in ALL["secret.example.yaml:Secret"]["stringData"]
    )


CADDYFILE = DEPLOY / "Caddyfile"


def test_the_proxy_lets_the_webhook_through_and_nothing_else() -> None:
    told = CADDYFILE.read_text(encoding="utf-8")
    assert told.count("{") == told.count("}")
    assert re.findall(r"handle (/\S+) \{", told) == ["/webhook/*"]
    assert "respond 404" in told
    upstreams = re.search(r"reverse_proxy (.+) \{", told)
    assert upstreams is not None
    assert {one.split(":")[0] for one in upstreams[1].split()} <= set(COMPOSE["services"])


@pytest.mark.skipif(shutil.which("caddy") is None, reason="no caddy is installed here")
def test_caddy_itself_accepts_its_file(tmp_path: Path) -> None:
    said = subprocess.run(
        ["caddy", "adapt", "--config", str(CADDYFILE), "--adapter", "caddyfile"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "HOME": str(tmp_path), "TROUPE_DOMAIN": "bot.example.org"},
    )
    assert said.returncode == 0
    (server,) = json.loads(said.stdout)["apps"]["http"]["servers"].values()
    (route,) = [one for one in server["routes"] if one.get("match")]
    assert route["match"] == [{"host": ["bot.example.org"]}]
