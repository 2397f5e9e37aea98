"""`esclusa mcp`: tools for an agent on this machine, over standard input and output.

Belongs here: the command. Does not: the tools (`esclusa/agents/`), which are loaded when the command is called.
"""

from __future__ import annotations

from functools import partial

from esclusa.cli.options import Purpose, Role, Where, open_release
from esclusa.errors import Misused


def mcp(role: Role = None, purpose: Purpose = None, repository: Where = None) -> None:
    """Serve tools for agents over stdio (Model Context Protocol): find, understand, check and sample certified data."""
    try:
        from anyio import run
        from mcp.server.stdio import stdio_server

        from esclusa.agents.desk import local_desk
        from esclusa.agents.server import agent_server
    except ModuleNotFoundError as missing:
        raise Misused(
            "`esclusa mcp` needs packages that are not installed here.",
            observed=f"no package {missing.name}",
            required="the extra `server`",
            remedy="pip install 'esclusa[server]'",
        ) from None
    asked = open_release(repository).request(role, purpose, allow_sandbox=False)  # what is wrong is told at once
    server = agent_server(partial(local_desk, partial(open_release, repository), asked.role, asked.purpose))

    async def serve() -> None:
        async with stdio_server() as (received, sent):
            await server.run(received, sent, server.create_initialization_options())

    run(serve)
