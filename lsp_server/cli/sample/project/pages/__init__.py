"""Split a list into pages."""

from pages.page import Page
from pages.paginator import Paginator

__all__ = ["Page", "Paginator"]
