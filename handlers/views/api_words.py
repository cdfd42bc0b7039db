"""What is wrong with an HTTP API, and who can mend it, as a sentence."""

from aiogram.utils.i18n import gettext as _

from handlers.views.alert_text import inert
from handlers.views.moments import seconds
from services import errors
from services.logs.text.presentable import presentable

_LONGEST = 500
_ONLY_READ = ("traefik", "prometheus", "netdata")


def api_words(error: errors.ApiError) -> str:
    """In the reader's language."""
    name = error.api[:1].upper() + error.api[1:]
    if error.host:
        name = _("{api} on {host}").format(api=name, host=error.host)
    if error.api in _ONLY_READ and (words := _only_read(error, name)):
        return words
    match error:
        case errors.QueryRefused():
            return _no_query(error, name)
        case errors.MetricsOff(host=host):
            words = _(
                "{api}: its metrics are switched off. They need {flag}; where they are elsewhere, the settings must "
                "say so ({setting})."
            )
            setting = f"hosts.{host or 'NAME'}.traefik.metrics_url"
            return words.format(api=name, flag="--metrics.prometheus=true", setting=setting)
        case errors.ApiTimeout(seconds=limit):
            return _("{api} did not answer within {time}; it may still do it.").format(
                api=name, time=seconds(limit)
            )
        case errors.ApiRefusedLogin():
            return _("{api} refuses the login: an admin must mend the settings.").format(api=name)
        case errors.ApiRefused(status=status, message=message):
            words = _("{api} refused: {words}")
            return words.format(api=name, words=inert(message[:_LONGEST]) or f"HTTP {status}")
        case errors.ApiNotUnderstood():
            return _not_understood(error, name)
    return _("{api} cannot be reached; nothing was done.").format(api=name)


def _no_query(error: errors.QueryRefused, name: str) -> str:
    if "\n" in error.query:
        words = _("{api} does not understand the query, line {line}, character {column}: {words}")
    else:
        words = _("{api} does not understand the query, character {column}: {words}")
    return words.format(
        api=name, line=error.line, column=error.column, words=inert(presentable(error.reason[:_LONGEST]))
    )


def _only_read(error: errors.ApiError, name: str) -> str:
    """Where it makes a difference that nothing is ever done through the API, or whose it is."""
    match error:
        case errors.ApiTimeout(seconds=limit):
            return _("{api} did not answer within {time}.").format(api=name, time=seconds(limit))
        case errors.ApiUnreachable():
            return _("{api} cannot be reached: is it running, and is its address right?").format(api=name)
        case errors.ApiRefused(status=status, message=message) if error.api == "prometheus" and status >= 500:
            words = _("{api} is not ready, or in trouble of its own: {words}")
            return words.format(api=name, words=inert(message[:_LONGEST]) or f"HTTP {status}")
        case errors.ApiRefused(api="traefik", status=404):
            words = _(
                "{api}: its API is switched off. It needs {flag}, and {insecure} or a router to {service}."
            )
            return words.format(
                api=name, flag="--api=true", insecure="--api.insecure=true", service="api@internal"
            )
    return ""


def _not_understood(error: errors.ApiNotUnderstood, name: str) -> str:
    match error:
        case errors.ApiTooOld(version=version, oldest=oldest):
            return _("{api} is too old: {version}, where {oldest} or newer is needed.").format(
                api=name, version=inert(version), oldest=oldest
            )
        case errors.ApiRedirects(where=where):
            words = _(
                "{api} redirects to {where}: the settings must name the API itself, behind no login page."
            )
            return words.format(api=name, where=inert(where[:_LONGEST]))
        case errors.ApiBehindPage():
            return _("{api} shows a web page: is a login in front of it, or its address wrong?").format(
                api=name
            )
    return _("{api} gave an answer that is not its own: an admin must look at its address.").format(api=name)
