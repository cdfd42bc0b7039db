"""Logging in to the simulated SSH server as its own key allows, and with nothing of this machine's configuration."""

import asyncssh

from playground.ssh import ADDRESS, SshServer


async def log_in(ssh: SshServer, user: str) -> asyncssh.SSHClientConnection:
    return await asyncssh.connect(
        ADDRESS,
        ssh.port,
        username=user,
        client_keys=[str(ssh.identity_file)],
        known_hosts=str(ssh.known_hosts),
        config=None,
        agent_path=None,
    )
