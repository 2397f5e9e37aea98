"""The protocol: what is listed, called, read and completed, and how a refusal leaves.

Belongs here: from messages to the room's functions and back, whatever the transport. Does not: what a tool does
(`tools.py`), who calls (`served.py`, `cli/mcp.py`).
Source: Model Context Protocol 2025-11-25 (tools, resources, prompts, completion).
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from importlib.metadata import version
from typing import Any, TypeVar

import mcp_types as types
from anyio import CapacityLimiter, to_thread
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.shared.exceptions import MCPError
from pydantic import ValidationError

from esclusa.agents import documents
from esclusa.agents.answers import DATA_NOT_INSTRUCTIONS, Answer, Refusal
from esclusa.agents.desk import Desk
from esclusa.agents.filling import refusal
from esclusa.agents.prompts import PROMPTS, text_of
from esclusa.agents.tools import TOOLS, Tool
from esclusa.errors import EsclusaError, nearest
from esclusa.server.logs import LOGGER, fault

Context = ServerRequestContext[Any, Any]
Result = TypeVar("Result")

REFUSED = -32010  # of the range that JSON-RPC leaves to servers: a document is refused, and `data` says why
THREADS = 16  # of their own: samples that wait for their turn keep nothing else waiting
MOST_COMPLETIONS = 100  # as the specification allows
INSTRUCTIONS = f"""Certified data, found, understood and sampled. Start with find_datasets and the purpose that the
data is for; then get_context, get_certificate, and read_sample only to see what values look like. Repeat caveats and
cite the certificate's digest with every result. What you do not find is not for you: explain_refusal says why.
{DATA_NOT_INSTRUCTIONS}"""

_log = logging.getLogger(f"{LOGGER}.agents")


def agent_server(desk_of_call: Callable[[], Desk]) -> Server[Any]:
    """The server, without a transport.

    Args:
        desk_of_call: the desk of the call at hand; called in a worker thread, in the context of the message.
    """
    tools, shown = {tool.name: tool for tool in TOOLS}, [_shown(tool) for tool in TOOLS]
    threads = CapacityLimiter(THREADS)

    async def list_tools(_: Context, __: types.PaginatedRequestParams | None) -> types.ListToolsResult:
        return types.ListToolsResult(tools=shown)

    async def call_tool(_: Context, params: types.CallToolRequestParams) -> types.CallToolResult:
        tool = tools.get(params.name)
        if tool is None:
            hint = nearest(params.name, [*tools])
            raise MCPError(types.INVALID_PARAMS, f"There is no tool of that name. {hint}".strip())
        try:
            arguments = tool.takes.model_validate(params.arguments or {})
        except ValidationError as error:
            return _failed(_misfit(tool, error))
        try:
            return _answered(await to_thread.run_sync(lambda: tool.call(desk_of_call(), arguments), limiter=threads))
        except EsclusaError as error:
            return _failed(refusal(error))
        except Exception as error:
            return _failed(_fault(tool.name, error))

    async def list_resources(_: Context, __: types.PaginatedRequestParams | None) -> types.ListResourcesResult:
        found = await _in_thread(lambda: documents.listed(desk_of_call()))
        return types.ListResourcesResult(resources=[_listed(document) for document in found])

    async def list_templates(_: Context, __: types.PaginatedRequestParams | None) -> types.ListResourceTemplatesResult:
        return types.ListResourceTemplatesResult(resource_templates=[_template(kind) for kind in documents.KINDS])

    async def read_resource(_: Context, params: types.ReadResourceRequestParams) -> types.ReadResourceResult:
        uri = str(params.uri)
        data, media_type = await _in_thread(lambda: documents.read(desk_of_call(), uri))
        content = types.TextResourceContents(uri=uri, mime_type=media_type, text=data.decode(errors="replace"))
        return types.ReadResourceResult(contents=[content])

    async def list_prompts(_: Context, __: types.PaginatedRequestParams | None) -> types.ListPromptsResult:
        return types.ListPromptsResult(
            prompts=[
                types.Prompt(
                    name=prompt.name,
                    title=prompt.title,
                    description=prompt.says,
                    arguments=[
                        types.PromptArgument(name=a.name, description=a.says, required=a.required)
                        for a in prompt.arguments
                    ],
                )
                for prompt in PROMPTS
            ]
        )

    async def get_prompt(_: Context, params: types.GetPromptRequestParams) -> types.GetPromptResult:
        text = await _in_thread(lambda: text_of(params.name, params.arguments or {}))
        content = types.TextContent(type="text", text=text)
        return types.GetPromptResult(messages=[types.PromptMessage(role="user", content=content)])

    async def complete(_: Context, params: types.CompleteRequestParams) -> types.CompleteResult:
        found = await _in_thread(lambda: _candidates(desk_of_call(), params.argument.name))
        fitting = [name for name in found if name.startswith(params.argument.value)]
        shown = fitting[:MOST_COMPLETIONS]
        completion = types.Completion(values=shown, total=len(fitting), has_more=len(shown) < len(fitting))
        return types.CompleteResult(completion=completion)

    return Server(
        "esclusa",
        title="Certified data",
        description="Finds, explains and samples certified datasets; nothing else is listed.",
        version=version("esclusa"),
        instructions=INSTRUCTIONS,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
        on_list_resources=list_resources,
        on_list_resource_templates=list_templates,
        on_read_resource=read_resource,
        on_list_prompts=list_prompts,
        on_get_prompt=get_prompt,
        on_completion=complete,
    )


async def _in_thread(call: Callable[[], Result]) -> Result:
    """A call that blocks, made in a thread; a refusal leaves as an error of the protocol, a fault without its words."""
    try:
        return await to_thread.run_sync(call)
    except EsclusaError as error:
        told = refusal(error)
        code = types.INVALID_PARAMS if told.error in ("NotCertified", "Misused") else REFUSED
        raise MCPError(code, told.what, told.model_dump()) from None
    except Exception as error:
        told = _fault("a request", error)
        raise MCPError(types.INTERNAL_ERROR, told.what, told.model_dump()) from None


def _fault(what: str, error: Exception) -> Refusal:
    """What is said of a fault of ours: nothing of it to the agent; to the log its class and place, never its text."""
    _log.error("fault in %s: %s", what, json.dumps(fault(error)))
    return Refusal(
        error="Fault",
        what="The server has failed; nothing was handed out.",
        next="Try once more; if it fails again, tell whoever runs it, with the time.",
    )


def _candidates(desk: Desk, argument: str) -> list[str]:
    """What may stand in an argument: names that the caller may have, and no other."""
    if argument == "purpose":
        return desk.purposes()
    return desk.datasets() if argument == "dataset" else []


def _answered(answer: Answer) -> types.CallToolResult:
    content = types.TextContent(type="text", text=answer.model_dump_json())
    return types.CallToolResult(content=[content], structured_content=answer.model_dump(mode="json"))


def _failed(told: Refusal) -> types.CallToolResult:
    """A refusal as a tool's error: as text alone, since clients hold structured content to the schema of an answer."""
    content = types.TextContent(type="text", text=told.model_dump_json(indent=1))
    return types.CallToolResult(content=[content], is_error=True)


def _misfit(tool: Tool, error: ValidationError) -> Refusal:
    """Arguments that do not fit: fields and rules, never what was given."""
    wrong = [f"{'.'.join(map(str, e['loc'])) or 'arguments'}: {e['msg']}" for e in error.errors(include_url=False)]
    return Refusal(
        error="Misused",
        what=f"The arguments do not fit {tool.name}.",
        observed="; ".join(wrong[:10])[:2000],
        required=f"fields: {', '.join(tool.takes.model_fields)}; see its input schema",
        next="Correct the arguments and call again.",
    )


def _shown(tool: Tool) -> types.Tool:
    return types.Tool(
        name=tool.name,
        title=tool.title,
        description=tool.description,
        input_schema=tool.takes.model_json_schema(),
        output_schema=tool.answers.model_json_schema(mode="serialization"),
        annotations=types.ToolAnnotations(
            title=tool.title, read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False
        ),
    )


def _listed(document: documents.Listed) -> types.Resource:
    return types.Resource(
        uri=document.uri,
        name=f"{document.dataset}/{document.kind.name}",
        title=f"{document.kind.title} of {document.dataset}",
        description=document.kind.says,
        mime_type=document.kind.media_type,
    )


def _template(kind: documents.Kind) -> types.ResourceTemplate:
    return types.ResourceTemplate(
        uri_template=kind.template,
        name=kind.name,
        title=f"{kind.title} of a dataset",
        description=kind.says,
        mime_type=kind.media_type,
    )
