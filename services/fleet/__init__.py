"""The hosts and their containers: `hosts.open_engine` reaches one engine, `fleet.Fleet` sees them all."""
