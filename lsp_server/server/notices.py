"""This module makes text fit for notifications, in which VS Code makes links of `[text](target)`.

What a model or a checkout wrote must not become something to click on, as
`command:` links run commands of the editor, nor hide a part of what it says.
"""

from __future__ import annotations

from lsp_server.domain.permissions import visible


def notice(text: str) -> str:
    """Returns the text with control characters made visible and without links."""
    return visible(text).replace("](", "] (")
