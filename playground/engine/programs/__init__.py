"""What the team's containers say, each in its own format, with the slips and secrets that real logs have."""
