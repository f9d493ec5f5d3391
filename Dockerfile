# One image for every Airflow service: the interpreter, the locked packages, the project.
FROM python:3.11.14-slim-bookworm

ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONNOUSERSITE=1 \
    PYTHONPATH=/opt/baselib \
    AIRFLOW_HOME=/var/lib/baselib/airflow \
    BASELIB_HOME=/var/lib/baselib

RUN groupadd --gid 1000 baselib \
    && useradd --uid 1000 --gid baselib --home-dir /var/lib/baselib --create-home baselib

# Before the project, so that a change of code does not install everything again.
ARG REQUIREMENTS=requirements.txt
ARG PIP_INDEX_URL
COPY ${REQUIREMENTS} /opt/baselib/
RUN if [ -z "${PIP_INDEX_URL}" ]; then unset PIP_INDEX_URL; fi \
    && pip install --no-cache-dir --disable-pip-version-check --require-hashes \
        -r "/opt/baselib/${REQUIREMENTS}"

COPY . /opt/baselib/
RUN printf '#!/bin/sh\nexec python -m pipelines "$@"\n' >/usr/local/bin/baselib \
    && chmod +x /usr/local/bin/baselib

USER baselib
WORKDIR /opt/baselib
VOLUME /var/lib/baselib
