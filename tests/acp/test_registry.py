"""What is sent to the public registry of agents keeps its rules.

`tests/data/acp_registry/agent.schema.json` is the schema of github.com/agentclientprotocol/registry
at commit 3de1678346d1b37b6c3f07de503043ebcbb9cbdb, under its Apache License 2.0.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import jsonschema

from lsp_server import __version__

ROOT = Path(__file__).parents[2]
REGISTRY = ROOT / "registry"
SCHEMA = ROOT / "tests" / "data" / "acp_registry" / "agent.schema.json"


def test_the_entry_is_one_and_of_this_version() -> None:
    entry = json.loads((REGISTRY / "agent.json").read_text("utf-8"))
    jsonschema.validate(entry, json.loads(SCHEMA.read_text("utf-8")))
    assert entry["version"] == __version__
    assert entry["distribution"]["uvx"]["package"] == f"holdfast=={__version__}"
    assert entry["distribution"]["uvx"]["args"] == ["acp"]


def test_the_icon_is_small_and_has_no_color_of_its_own() -> None:
    text = (REGISTRY / "icon.svg").read_text("utf-8")
    icon = ET.fromstring(text)
    assert (icon.get("width"), icon.get("height")) == ("16", "16")
    assert icon.get("viewBox") == "0 0 16 16"
    assert set(re.findall(r'(?:fill|stroke)="([^"]*)"', text)) == {"currentColor"}
