"""The compose file is for sites that we cannot try here, so what can be known of it is checked."""

import re
from pathlib import Path

import yaml

PROJECT = Path(__file__).parents[2]
TEXT = (PROJECT / "docker-compose.yml").read_text(encoding="utf-8")
COMPOSE = yaml.safe_load(TEXT)
EXAMPLE = (PROJECT / ".env.example").read_text(encoding="utf-8")
SECRET = re.compile(r"PASSWORD|SECRET|KEY")


def test_it_has_the_services_of_a_site():
    airflow = {"init", "api-server", "scheduler", "dag-processor", "triggerer"}
    assert COMPOSE["services"].keys() == airflow | {"postgres", "mail"}


def test_every_lasting_service_is_watched():
    for name, service in COMPOSE["services"].items():
        assert "healthcheck" in service or name == "init", name


def test_images_are_pinned_to_a_version():
    dockerfile = (PROJECT / "Dockerfile").read_text(encoding="utf-8")
    images = [service["image"] for service in COMPOSE["services"].values()]
    images += re.findall(r"^FROM (\S+)", dockerfile, re.MULTILINE)
    for image in images:
        assert re.search(r":v?\d+\.\d+(\.\d+)?(-[a-z0-9-]+)?$", image), image


def test_no_secret_has_a_default():
    for name, rest in re.findall(r"\$\{([A-Z_]+)([^}]*)\}", TEXT):
        if SECRET.search(name):
            assert rest.startswith(":?"), f"{name} must be asked for, not defaulted"
    for name, value in re.findall(r"^([A-Z_]+)=(.*)$", EXAMPLE, re.MULTILINE):
        assert value == "", f".env.example gives {name} a value"


def test_the_example_names_every_variable_that_the_file_asks_for():
    wanted = set(re.findall(r"(?<!\$)\$\{([A-Z_]+)", TEXT))
    named = set(re.findall(r"^#?([A-Z_]+)=", EXAMPLE, re.MULTILINE))
    assert wanted == named


def test_tasks_find_the_same_modules_loaded_as_on_one_machine():
    from pipelines.orchestrate.environment import PRELOADED

    environment = COMPOSE["services"]["scheduler"]["environment"]
    assert environment["AIRFLOW__SCHEDULER__MP_FORKSERVER_PRELOAD"].split(",") == list(PRELOADED)
