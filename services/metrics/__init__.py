"""Figures: of hosts and containers now, and of named metrics over time, from whatever source there is."""
