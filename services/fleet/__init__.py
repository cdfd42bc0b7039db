"""Hosts and their containers: contact, engine, and what a person may see and do there."""
