# Two stages: the first makes the virtual environment, the second holds it and the code, and no pip.
# Any image with python3 (3.11 or newer) and its venv module serves as BASE.
ARG BASE=python:3.12-slim

FROM ${BASE} AS build
# Without a network: put the wheels into ./wheels (pip download --dest wheels --requirement requirements.lock)
# and build with --build-arg PIP_NO_INDEX=1.
ARG PIP_NO_INDEX=
WORKDIR /build
COPY requirements.lock wheels* ./
RUN python3 -m venv pip \
 && python3 -m venv --without-pip /opt/vakhta \
 && pip/bin/python -m pip --python /opt/vakhta/bin/python install --no-cache-dir --disable-pip-version-check \
        --require-hashes --find-links . --requirement requirements.lock

FROM ${BASE}
RUN mkdir -p /var/lib/vakhta && chown 10001:10001 /var/lib/vakhta
COPY --from=build /opt/vakhta /opt/vakhta
WORKDIR /app
COPY bot bot
COPY handlers handlers
COPY services services
RUN /opt/vakhta/bin/python -m compileall -q .
# A name and a home for a user that no file of the system knows: asyncssh asks for them.
ENV PATH=/opt/vakhta/bin:$PATH HOME=/var/lib/vakhta LOGNAME=vakhta PYTHONUNBUFFERED=1 \
    VAKHTA_HTTP__LISTEN=0.0.0.0:8080
# The bot knows its own container by this and never stops it by accident.
LABEL vakhta.self=true
USER 10001:10001
VOLUME /var/lib/vakhta
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=10s --start-period=30s CMD ["python", "-m", "bot", "health"]
ENTRYPOINT ["python", "-m", "bot"]
CMD ["run"]
