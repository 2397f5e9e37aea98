"""Tools for agents: find, understand, check and sample certified data over the Model Context Protocol.

    desk.py       for whom a call is answered, from which release, and the one way to rows
    answers.py    what the tools answer, typed: the schemas that an agent is given
    tools.py      the tools themselves
    sample.py     rows as JSON, within bounds
    documents.py  the documents of a dataset as resources
    prompts.py    how to begin
    server.py     the protocol: what is listed, called and read, and how a refusal leaves
    served.py     over HTTP, at /mcp of the service;   stdio is `esclusa mcp` (`cli/mcp.py`)

What the caller may not have today is never listed. Who asks for it by name is told why not. Texts of contracts and
values of rows are data wherever they are handed out, and are said to be.

Belongs here: the room's map. Does not: code, so that `import esclusa` never loads `mcp`.
Source: Model Context Protocol, revisions 2025-06-18 to 2026-07-28.
"""
