"""Airflow from the outside: start it, tell it what to run, watch it, stop it.

Airflow itself is imported in ``dags/`` and ``plugins/`` only; here it is a set of processes and a
REST API on the loopback interface. What the DAGs say about themselves (``notes``) is here too, and
the processes with which ``baselib run`` does without it (``runtime.worker_pool``).
"""
