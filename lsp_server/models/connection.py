"""This module opens HTTP connections to model endpoints, and turns their failures into our errors."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from typing import TypeAlias

import httpx

from lsp_server.domain.errors import ConfigurationError, ModelError, ModelRefused, ModelUnavailable
from lsp_server.settings.address import without_credentials
from lsp_server.settings.sections import ModelSettings
from lsp_server.system.proxies import Proxy, proxy_for

CONNECT_TIMEOUT_SECONDS = 10.0
FIRST_REACH_SECONDS = 30.0
"""An endpoint that never answered may still be starting; for longer its address is wrong."""
FIRST_ANSWER_SECONDS = 600.0
"""One that was reached and never answered may load its model; for longer it is no such server."""
KEEP_ALIVE_SECONDS = 60.0
"""A step's tools often take longer than the 5 s that httpx keeps a connection."""

HttpFailure: TypeAlias = (
    httpx.HTTPError | httpx.InvalidURL | httpx.StreamError | httpx.CookieConflict | ssl.SSLError
)
HTTP_FAILURES: tuple[type[HttpFailure], ...] = (
    httpx.HTTPError,
    httpx.InvalidURL,
    httpx.StreamError,
    httpx.CookieConflict,
    ssl.SSLError,
)
"""All that httpx raises about a request, and what the TLS below it raises."""


Transport: TypeAlias = httpx.AsyncBaseTransport


def open_client(
    base_url: str, around: Callable[[Transport], Transport] = lambda transport: transport
) -> httpx.AsyncClient:
    """Opens a client for one endpoint, with proxies and certificates from the environment.

    This machine is never reached through a proxy. `around` may wrap what carries the
    requests. Raises ConfigurationError when the environment names a proxy or certificates that
    cannot be used.
    """
    limits, proxy = httpx.Limits(keepalive_expiry=KEEP_ALIVE_SECONDS), proxy_for(base_url)
    try:
        transport = httpx.AsyncHTTPTransport(
            verify=_verification(base_url), limits=limits, proxy=proxy.url if proxy else None
        )
        return httpx.AsyncClient(transport=around(transport))
    except OSError as error:
        raise ConfigurationError(
            f"the certificates that SSL_CERT_FILE or SSL_CERT_DIR name cannot be read ({error}); "
            "correct or unset the variable"
        ) from error
    except (ValueError, ImportError, httpx.InvalidURL) as error:
        raise ConfigurationError(
            f"the proxy {_named(proxy)} cannot be used; give an http:// URL, unset it, or add "
            "the endpoint's host to NO_PROXY"
        ) from error


def resource(base_url: str, path: str) -> httpx.URL:
    """Returns the URL of a resource below the base URL, whose query stays. Raises httpx.InvalidURL.

    >>> str(resource("http://localhost:8000/v1/?key=1", "models"))
    'http://localhost:8000/v1/models?key=1'
    """
    url = httpx.URL(base_url)
    return url.copy_with(path=f"{url.path.rstrip('/')}/{path}")


def failure(
    error: HttpFailure, settings: ModelSettings, *, has_answered: bool = True
) -> ModelError:
    """Returns the error that a failed exchange means.

    `has_answered` says whether the endpoint ever did: one that worked is waited for longer.
    """
    # The text of the failure itself is left out: it may quote headers.
    base_url, setting = settings.base_url or "", settings.setting
    reach, answer = (None, None) if has_answered else (FIRST_REACH_SECONDS, FIRST_ANSWER_SECONDS)
    place, proxy = without_credentials(base_url), proxy_for(base_url)
    if _is_certificate_failure(error):
        return _untrusted(place)
    match error:
        case httpx.ReadTimeout():
            return ModelUnavailable(
                f"{place} was silent for longer than {setting('silence_timeout_seconds')}",
                patience_seconds=answer,
            )
        case httpx.ProxyError() | httpx.ConnectError() | httpx.ConnectTimeout() if proxy:
            return ModelUnavailable(
                f"{place} cannot be reached through the proxy {_named(proxy)}; correct it, or add "
                "the host to NO_PROXY",
                patience_seconds=reach,
            )
        case httpx.ConnectError() | httpx.ConnectTimeout():
            return ModelUnavailable(
                f"{place} cannot be reached; start the server or correct {setting('base_url')}",
                patience_seconds=reach,
            )
        case httpx.ProxyError():
            return ModelUnavailable(
                f"the proxy on the way to {place} failed; see HTTPS_PROXY and NO_PROXY",
                patience_seconds=reach,
            )
        case httpx.UnsupportedProtocol() | httpx.InvalidURL():
            return ModelRefused(
                f"{place} is no URL that can be asked; correct {setting('base_url')}"
            )
        case httpx.LocalProtocolError():
            return ModelRefused(
                f"a request to {place} cannot be written; "
                f"look for stray characters in the key and in {setting('base_url')}"
            )
        case httpx.TransportError() | httpx.DecodingError() | ssl.SSLError():
            return ModelUnavailable(f"the connection to {place} broke off", patience_seconds=answer)
        case _:
            return ModelRefused(
                f"{place} cannot be asked ({type(error).__name__}); check {setting('base_url')}"
            )


def _untrusted(place: str) -> ModelRefused:
    return ModelRefused(
        f"the certificate of {place} is not trusted here; "
        "set SSL_CERT_FILE to your organisation's certificates"
    )


def _named(proxy: Proxy | None) -> str:
    """A proxy and what names it, for messages."""
    return f"{without_credentials(proxy.url)} ({proxy.source})" if proxy else "of the environment"


def _verification(base_url: str) -> ssl.SSLContext | bool:
    """The certificates to trust; none for plain HTTP, which never looks at them."""
    if base_url.startswith("https:"):
        return True
    # An empty context saves reading the certificate bundle, which takes 20 ms.
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _is_certificate_failure(error: BaseException) -> bool:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return True
        cause = cause.__cause__ or cause.__context__
    return False
