"""What the simulated servers' exporters would tell."""
