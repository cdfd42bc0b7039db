"""The part of PromQL that the simulated Prometheus knows: read, written and worked out."""
