"""Scheduled probes: asked on time, their results kept, uptime told from them."""
