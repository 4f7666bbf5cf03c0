"""This room gets pages of the web: which addresses it asks, within which bounds, as what text.

What it asks may be chosen by whoever wrote a page, so nothing of one's own network is
asked unless `fetch.private_hosts` names it. Whether a page is fetched at all is decided above.
"""
