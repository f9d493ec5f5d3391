"""What tasks need of Airflow beside its operators; no plugins themselves, see ``.airflowignore``.

The DAG files import it. What does not need Airflow, computations above all, is in ``pipelines``.
"""
