"""No DAG: where contracts are faulty, Airflow lists this file as broken, with what is wrong."""

from pipelines.contracts import check_sources
from pipelines.errors import ContractsRefused
from pipelines.settings import load_settings

if faults := check_sources(load_settings()):
    raise ContractsRefused(faults)
