"""The auditor: what runs, or a compose file would run, held against the team's standard."""
