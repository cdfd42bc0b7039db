"""A small simulated Prometheus, on loopback: for the demo, and for what is built upon its API.

Its figures are invented: functions of the moment and of what the simulated servers have been through, so that whoever
looks twice at the same moment sees the same. It knows of PromQL what a team's dashboards, rules and questions need, and
answers as a real one does; of the rest it says that it does not offer it. It is held to the real one's behaviour by
tests/contract/test_prometheus_simulated.py.
"""
