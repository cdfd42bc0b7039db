"""A small simulated Traefik beside each simulated server: for the demo, and for what is built upon its API.

What it answers was recorded from a real one, set up as the team's two are (tests/contract/recording_traefik.py), with
the present state of the simulated containers filled in as the Docker provider would: of a container that does not run,
or is not well, neither router nor service is left. It is held to the real one's behaviour by
tests/contract/test_traefik_simulated.py; what it does not offer it answers with 501.
"""
