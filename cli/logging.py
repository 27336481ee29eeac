"""Log lines for people or for machines, on standard error, without secrets in them.

Every library logs through the standard library, and so do we: one handler renders all of it, adds
on whose behalf the running task works (`orchestrator.whereabouts`), and hides what is secret.
"""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

from cli.settings import LogFormat, Settings
from orchestrator.whereabouts import here

HIDDEN = "[hidden]"
SECRET_NAMES = re.compile(
    r"password|passwd|secret|token|phone|api_hash|auth_key|encryption_key|cookie|authorization",
    re.I,
)
SECRETS = (
    re.compile(r"(?<=://)[^/\s@]*@"),  # user and password of a URL
    re.compile(r"\b\d{6,12}:[A-Za-z0-9_-]{30,}"),  # a bot's token
    re.compile(r"\+\d(?:[\s()-]?\d){6,14}"),  # a phone number, E.164 with or without spaces
    re.compile(  # named in the text itself, as in what a library shows of a request
        r"(?i)(?<=[\s('\",{])(?:phone\w*|password|api_hash|bot_token|auth_key)['\"]?\s*[=:]\s*"
        r"['\"]?[^\s'\",)}]+"
    ),
    re.compile(r"\bsk-[A-Za-z0-9_-]{16,}|(?<=Bearer )\S+"),  # a key of a model's provider
    re.compile(r"\b[A-Za-z0-9_-]{80,}=*"),  # a whole session, as Telethon writes it
    re.compile(r"\b[0-9a-fA-F]{32,}\b"),  # an API hash, a key in hexadecimal
    re.compile(
        r"(?<![A-Za-z0-9+/_=-])[A-Za-z0-9+/_-]{43}=?(?![A-Za-z0-9+/_=-])"
    ),  # 32 bytes, base64
)
NOISY = (
    "telethon",
    "asyncio",
    "aiogram",
    "httpx",
    "uvicorn",
    "apscheduler",
    "alembic",
    "sqlalchemy",
)
"""Libraries whose chatter is left out below the level of a warning."""

EventDict = MutableMapping[str, Any]


def configure_logging(settings: Settings, *, quiet: bool = False) -> None:
    """Write all log lines of the process to standard error; `quiet` keeps warnings and errors."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter(settings.log_format or default_format()))
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(max(level, logging.WARNING) if quiet else level)
    for name in NOISY:
        logging.getLogger(name).setLevel(max(root.level, logging.WARNING))
    if quiet:
        # A person is told by our own sentence what came of a connection, not attempt by attempt.
        logging.getLogger("telethon").setLevel(max(root.level, logging.ERROR))


def default_format() -> LogFormat:
    """Write for people on a terminal, and for programs everywhere else."""
    return LogFormat.CONSOLE if sys.stderr.isatty() else LogFormat.JSON


def formatter(wanted: LogFormat) -> logging.Formatter:
    """Build the formatter of standard library records; secrets go last, when all text is there."""
    shown: list[Any] = [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        structlog.processors.format_exc_info,
        hide_secrets,
    ]
    if wanted is LogFormat.JSON:
        shown.append(structlog.processors.JSONRenderer(ensure_ascii=False))
    else:
        shown.append(structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), pad_event_to=0))
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.stdlib.ExtraAdder(),
            tell_whereabouts,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
        ],
        processors=shown,
    )


def tell_whereabouts(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Add node, account, job and correlation id, as far as the running task has bound them."""
    return {**here().told(), **event}


def hide_secrets(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Replace what is secret by its name or by its looks, however deep it stands."""
    return {key: hide(key, value) for key, value in event.items()}


def hide(key: str, value: object) -> object:
    """Return a value without secrets."""
    if SECRET_NAMES.search(key):
        return HIDDEN
    if isinstance(value, dict):
        return {str(name): hide(str(name), held) for name, held in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [hide(key, held) for held in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    return without_secrets(str(value))


def without_secrets(text: str) -> str:
    """Return a text without phone numbers, tokens, keys and the passwords of URLs."""
    for secret in SECRETS:
        text = secret.sub(HIDDEN, text)
    return text
