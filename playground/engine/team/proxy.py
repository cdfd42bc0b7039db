"""Traefik, which both servers have."""

from playground.engine.load import MIB
from playground.engine.program import Program
from playground.engine.spec import Healthcheck, Spec
from playground.engine.team.member import SOCKET, WEB, composed, routed

TEST = "traefik healthcheck"


def traefik(project: str, domain: str, program: Program, healthcheck: Healthcheck) -> Spec:
    return composed(
        "traefik",
        "traefik:v3.0",
        program,
        project,
        labels=routed("dashboard", domain, 8080, service="api@internal", login=True),
        command=("traefik", "--api.dashboard=true", "--providers.docker=true", "--accesslog.format=json"),
        exposes=(8080,),
        publishes=((80, 80), (443, 443)),
        healthcheck=healthcheck,
        memory=256 * MIB,
        network=WEB,
        volumes={"letsencrypt": "/letsencrypt"},
        binds=(SOCKET,),
    )
