"""The compose file is for sites that we cannot try here, so what can be known of it is checked."""

import json
import re
from dataclasses import fields
from pathlib import Path, PurePosixPath
from typing import get_type_hints
from urllib.parse import urlsplit

import jsonschema
import pytest
import yaml

from pipelines.settings import Settings

PROJECT = Path(__file__).parents[2]
TEXT = (PROJECT / "docker-compose.yml").read_text(encoding="utf-8")
COMPOSE = yaml.safe_load(TEXT)
SERVICES = COMPOSE["services"]
BOARD_FILE = "docs/operations/board.json"
BOARD = json.loads((PROJECT / BOARD_FILE).read_text(encoding="utf-8"))
EXAMPLE = (PROJECT / ".env.example").read_text(encoding="utf-8")
DOCKERFILE = (PROJECT / "Dockerfile").read_text(encoding="utf-8")
SECRET = re.compile(r"PASSWORD|SECRET|KEY")
VARIABLE = re.compile(r"(?<!\$)\$\{([A-Z_]+)([^}]*)\}")
PROFILES = {
    "backup": "backup",
    "worker": "celery",
    "redis": "celery",
    "proxy": "tls",
    "serve": "serve",
    "consumer-proxy": "mtls",
    "prometheus": "metrics",
    "grafana": "metrics",
}
AIRFLOW = {
    *("init", "api-server", "scheduler", "dag-processor", "triggerer"),
    *("housekeeping", "backup", "worker", "serve"),
}
# Not for a site: the day that counts as today, for a demonstration.
NOT_OF_A_SITE = {"BASELIB_TODAY"}

TEXT_OR_NUMBER = {"type": ["string", "number"]}
COMMAND = {"type": "array", "items": {"type": "string"}, "minItems": 1}
DURATION = {"type": "string", "pattern": r"^\d+(s|m|h)$"}
MEMORY = {"type": "string", "pattern": r"^(\d+[mg]|\$\{[A-Z_]+:-\d+[mg]\})$"}
# The part of the Compose specification that the file uses; a key that it does not name is a slip.
SCHEMA = {
    "type": "object",
    "required": ["name", "services", "volumes"],
    "patternProperties": {"^x-": {}},
    "additionalProperties": False,
    "properties": {
        "name": {"type": "string", "pattern": "^[a-z0-9][a-z0-9_-]*$"},
        "volumes": {"type": "object", "additionalProperties": {"type": "null"}},
        "configs": {
            "type": "object",
            "additionalProperties": {
                "type": "object",
                "required": ["content"],
                "additionalProperties": False,
                "properties": {"content": {"type": "string", "minLength": 1}},
            },
        },
        "services": {
            "type": "object",
            "additionalProperties": {
                "type": "object",
                "required": ["image", "logging", "mem_limit", "restart", "security_opt"],
                "additionalProperties": False,
                "properties": {
                    "image": {"type": "string"},
                    "build": {
                        "type": "object",
                        "additionalProperties": False,
                        "properties": {
                            "context": {"type": "string"},
                            "args": {"type": "object", "additionalProperties": TEXT_OR_NUMBER},
                        },
                    },
                    "restart": {"enum": ["no", "unless-stopped"]},
                    "profiles": COMMAND,
                    "command": COMMAND,
                    "ports": {
                        "type": "array",
                        "items": {
                            "type": "string",
                            "pattern": r"^(127\.0\.0\.1:\d+|443|8443):\d+$",
                        },
                    },
                    "environment": {"type": "object", "additionalProperties": TEXT_OR_NUMBER},
                    "env_file": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "required": ["path"],
                            "additionalProperties": False,
                            "properties": {
                                "path": {"type": "string"},
                                "required": {"type": "boolean"},
                            },
                        },
                    },
                    "volumes": {
                        "type": "array",
                        "items": {"type": "string", "pattern": r"^\S.*:/[a-z/.-]+(:ro)?$"},
                    },
                    "configs": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "required": ["source", "target"],
                            "additionalProperties": False,
                            "properties": {
                                "source": {"type": "string"},
                                "target": {"type": "string", "pattern": "^/"},
                            },
                        },
                    },
                    "mem_limit": MEMORY,
                    "shm_size": MEMORY,
                    "stop_grace_period": DURATION,
                    "security_opt": COMMAND,
                    "logging": {
                        "type": "object",
                        "required": ["driver", "options"],
                        "additionalProperties": False,
                        "properties": {
                            "driver": {"const": "json-file"},
                            "options": {
                                "type": "object",
                                "required": ["max-size", "max-file"],
                                "additionalProperties": {"type": "string"},
                            },
                        },
                    },
                    "healthcheck": {
                        "type": "object",
                        "required": ["test", "interval", "timeout", "retries"],
                        "additionalProperties": False,
                        "properties": {
                            "test": {**COMMAND, "prefixItems": [{"enum": ["CMD", "CMD-SHELL"]}]},
                            "interval": DURATION,
                            "timeout": DURATION,
                            "start_period": DURATION,
                            "retries": {"type": "integer", "minimum": 1},
                        },
                    },
                    "depends_on": {
                        "type": "object",
                        "additionalProperties": {
                            "type": "object",
                            "required": ["condition"],
                            "additionalProperties": False,
                            "properties": {
                                "condition": {
                                    "enum": ["service_healthy", "service_completed_successfully"]
                                }
                            },
                        },
                    },
                },
            },
        },
    },
}


def mounts(service: str) -> dict[str, str]:
    """Where in the container, and from where."""
    found = {}
    for mount in SERVICES[service].get("volumes", ()):
        source, target = re.fullmatch(r"(.+?):(/[^:]+)(?::ro)?", mount).groups()
        found[target] = source
    return found


def test_it_is_what_compose_reads():
    jsonschema.Draft202012Validator(SCHEMA).validate(COMPOSE)


@pytest.mark.parametrize(
    "wrong", [{"mem_limits": "1g"}, {"ports": ["8080:8080"]}, {"stop_grace_period": "60"}]
)
def test_a_slip_in_it_is_noticed(wrong):
    services = {**SERVICES, "scheduler": {**SERVICES["scheduler"], **wrong}}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(SCHEMA).validate({**COMPOSE, "services": services})


def test_it_has_the_services_of_a_site():
    others = {"postgres", "redis", "proxy", "consumer-proxy", "prometheus", "grafana"}
    assert SERVICES.keys() == AIRFLOW | others
    optional = {
        name: service["profiles"] for name, service in SERVICES.items() if "profiles" in service
    }
    assert optional == {name: [profile] for name, profile in PROFILES.items()}


def test_every_lasting_service_is_watched_and_has_time_to_end():
    for name, service in SERVICES.items():
        assert "healthcheck" in service or name == "init", name
        assert "stop_grace_period" in service or name in {"init", "housekeeping"}, name


def test_what_it_refers_to_is_there():
    named = {volume.split(":")[0] for service in SERVICES for volume in mounts(service).values()}
    assert {one for one in named if re.fullmatch(r"[a-z]+", one)} == COMPOSE["volumes"].keys()
    used = {one["source"] for service in SERVICES.values() for one in service.get("configs", ())}
    assert used == COMPOSE["configs"].keys()
    for name, service in SERVICES.items():
        for other, wanted in service.get("depends_on", {}).items():
            assert other in SERVICES, name
            if wanted["condition"] == "service_healthy":
                assert "healthcheck" in SERVICES[other], f"{name} waits for {other}"


def test_images_are_pinned_to_a_version():
    images = [service["image"] for service in SERVICES.values()]
    images += re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)
    for image in images:
        assert re.search(r":v?\d+\.\d+(\.\d+)?(-[a-z0-9-]+)?$", image), image


def test_no_secret_has_a_default():
    for name, rest in VARIABLE.findall(TEXT):
        if SECRET.search(name):
            assert rest.startswith(":?"), f"{name} must be asked for, not defaulted"
    for name, value in re.findall(r"^([A-Z_]+)=(.*)$", EXAMPLE, re.MULTILINE):
        assert value == "", f".env.example gives {name} a value"


def test_the_example_names_every_variable_that_the_file_asks_for():
    wanted = {name for name, _ in VARIABLE.findall(TEXT)}
    named = set(re.findall(r"^#?([A-Z_]+)=", EXAMPLE, re.MULTILINE))
    assert wanted == named


@pytest.mark.parametrize("service", sorted(AIRFLOW))
def test_every_setting_reaches_the_containers(service):
    given = SERVICES[service]["environment"]
    settings = {f"BASELIB_{name.upper()}" for name in Settings.model_fields} - NOT_OF_A_SITE
    missing = settings - given.keys()
    assert not missing, f"pass them on in docker-compose.yml and .env.example: {sorted(missing)}"
    unknown = {name for name in given if name.startswith("BASELIB_")} - settings
    assert not unknown, f"no setting reads {sorted(unknown)}"


def test_a_setting_that_is_passed_on_empty_is_as_good_as_unset(monkeypatch):
    for name, value in SERVICES["scheduler"]["environment"].items():
        if name.startswith("BASELIB_") and str(value).endswith(("_URL?Choose a mail", ":-}")):
            monkeypatch.setenv(name, "")
    monkeypatch.setenv("BASELIB_SMTP_URL", "")
    settings = Settings()
    assert settings.smtp_url is None
    assert settings.threads == Settings.model_fields["threads"].default


@pytest.mark.parametrize("service", sorted(AIRFLOW))
def test_passwords_of_sources_reach_the_containers_and_no_image(service):
    assert SERVICES[service]["env_file"] == [{"path": "secrets.env", "required": False}]
    for ignored in (".dockerignore", ".gitignore"):
        lines = (PROJECT / ignored).read_text(encoding="utf-8").splitlines()
        assert {"secrets.env", "/secrets.env"} & set(lines), ignored


def test_no_mail_is_sent_anywhere_that_nobody_chose():
    """What a mail catcher accepts counts as delivered, and the owners' time limits begin."""
    chosen = SERVICES["scheduler"]["environment"]["BASELIB_SMTP_URL"]
    assert re.fullmatch(r"\$\{BASELIB_SMTP_URL\?[^}]+\}", chosen)
    assert not [name for name, one in SERVICES.items() if "mailpit" in one["image"]]


def test_a_health_check_of_the_web_server_reads_what_it_says():
    for name in ("api-server", "dag-processor", "triggerer"):
        check = SERVICES[name]["healthcheck"]["test"]
        assert check[:4] == ["CMD", "python", "-m", "pipelines.orchestrate.service.health"], name
        assert check[4].endswith("/api/v2/monitor/health"), name
        assert check[5:], f"{name} checks no part"


def test_nothing_connects_as_the_database_s_superuser():
    environment = SERVICES["scheduler"]["environment"]
    urls = [value for value in environment.values() if "@postgres:5432/" in str(value)]
    roles = {re.search(r"://(\w+):", url)[1] for url in urls}
    assert roles == {"airflow", "baselib"}
    made = COMPOSE["configs"]["database_roles"]["content"]
    assert "SUPERUSER" not in made
    for role in roles:
        assert f"CREATE ROLE {role} LOGIN" in made
        assert f"CREATE DATABASE {role} OWNER {role}" in made
    assert "POSTGRES_PASSWORD" not in environment


def test_what_messages_say_to_change_is_outside_the_image():
    for service in AIRFLOW - {"backup"}:
        assert mounts(service).keys() == {
            *("/var/lib/baselib", "/srv/sources", "/srv/deliveries", "/srv/libraries"),
            *("/srv/grants", "/srv/governance", "/opt/baselib/expectations"),
        }, service
    defaults = [VARIABLE.match(one) for one in mounts("scheduler").values()]
    for one in filter(None, defaults):
        if one[2].startswith(":-./"):
            assert (PROJECT / one[2].removeprefix(":-./")).is_dir(), one[0]


def test_folders_that_it_names_are_those_of_the_image():
    environment = SERVICES["scheduler"]["environment"]
    for name in ("AIRFLOW__CORE__DAGS_FOLDER", "AIRFLOW__CORE__PLUGINS_FOLDER"):
        inside = PurePosixPath(environment[name]).relative_to("/opt/baselib")
        assert (PROJECT / inside).is_dir(), name
    assert environment["BASELIB_HOME"] in DOCKERFILE
    for name in ("BASELIB_SOURCES", "BASELIB_GRANTS", "BASELIB_GOVERNANCE"):
        assert environment[name] in mounts("scheduler"), name


def test_consumers_reach_the_service_and_only_with_a_certificate_from_outside():
    assert SERVICES["serve"]["command"][:2] == ["baselib", "serve"]
    assert SERVICES["serve"]["ports"] == ["127.0.0.1:8090:8090"]
    made = COMPOSE["configs"]["consumer_proxy"]["content"]
    assert "require_and_verify" in made
    assert "reverse_proxy serve:8090" in made


def test_the_home_is_backed_up_to_somewhere_else():
    assert "baselib backup" in " ".join(SERVICES["backup"]["command"])
    assert mounts("backup").keys() == {"/var/lib/baselib", "/backup"}


def test_workers_have_the_packages_of_their_executor():
    lock = (PROJECT / "requirements-celery.txt").read_text(encoding="utf-8")
    assert "apache-airflow-providers-celery==" in lock
    assert "REQUIREMENTS" in SERVICES["worker"]["build"]["args"]
    assert "ARG REQUIREMENTS=requirements.txt" in DOCKERFILE


def test_tasks_find_the_same_modules_loaded_as_on_one_machine():
    from pipelines.orchestrate.environment import PRELOADED

    environment = SERVICES["scheduler"]["environment"]
    assert environment["AIRFLOW__SCHEDULER__MP_FORKSERVER_PRELOAD"].split(",") == list(PRELOADED)


def test_figures_go_to_the_prometheus_of_the_profile_and_only_if_asked_for():
    environment = SERVICES["scheduler"]["environment"]
    assert environment["AIRFLOW__METRICS__OTEL_ON"] == "${METRICS_ON:-false}"
    endpoint = urlsplit(environment["OTEL_EXPORTER_OTLP_METRICS_ENDPOINT"].split(":-")[1][:-1])
    assert endpoint.hostname in SERVICES
    assert "--web.enable-otlp-receiver" in SERVICES[endpoint.hostname]["command"]
    (source,) = yaml.safe_load(COMPOSE["configs"]["grafana_data"]["content"])["datasources"]
    assert urlsplit(source["url"]).netloc == endpoint.netloc
    assert {panel["datasource"]["uid"] for panel in BOARD["panels"]} == {source["uid"]}
    (provider,) = yaml.safe_load(COMPOSE["configs"]["grafana_boards"]["content"])["providers"]
    assert f"{provider['options']['path']}/board.json" in mounts("grafana")
    assert mounts("grafana")[f"{provider['options']['path']}/board.json"] == f"./{BOARD_FILE}"


def test_the_board_asks_for_numbers_that_verbs_answer_with():
    from pipelines import flows

    asked = [each["expr"] for panel in BOARD["panels"] for each in panel["targets"]]
    names = [name for one in asked for name in re.findall(r"airflow_baselib_(\w+)", one)]
    assert len(names) >= len(asked)
    verbs = sorted((each for each in flows.__all__), key=len, reverse=True)
    for name in names:
        verb = next(each for each in verbs if name.startswith(f"{each}_"))
        answer = get_type_hints(getattr(flows, verb))["return"]
        numbers = {f.name for f in fields(answer) if f.type in (int, float, float | None)}
        assert name.removeprefix(f"{verb}_") in numbers, name
