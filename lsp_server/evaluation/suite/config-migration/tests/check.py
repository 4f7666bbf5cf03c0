import copy
import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

APP = Path(sys.argv.pop(1))
sys.path.append(str(APP))
from migrate import migrate


def run(*names):
    command = [sys.executable, "-I", str(APP / "migrate.py"), *map(str, names)]
    return subprocess.run(command, capture_output=True, text=True, timeout=30)


class Migrate(unittest.TestCase):
    def check(self, old, **new):
        before = copy.deepcopy(old)
        got = migrate(old)
        self.assertEqual(got, {"version": 2, "log_level": "info", **new})
        self.assertEqual(old, before)
        self.assertEqual(migrate(got), got)

    def test_servers(self):
        servers = [
            {"name": "a", "address": "example.org:8443"},
            {"name": "b", "address": "[::1]:80"},
            {"name": "c", "address": "10.0.0.1"},
            {"name": "d", "address": "[fe80::1]"},
            {"name": "a", "address": "other:1"},
        ]
        wanted = {
            "a": {"host": "other", "port": 1},
            "b": {"host": "::1", "port": 80},
            "c": {"host": "10.0.0.1", "port": 443},
            "d": {"host": "fe80::1", "port": 443},
        }
        self.check({"version": 1, "servers": servers}, servers=wanted)

    def test_timeouts(self):
        for old, new in ((1500, 1.5), ("2000", 2), (0, 0), ("1", 0.001), (3000, 3)):
            self.check({"timeout": old}, timeout_seconds=new)
            self.assertIs(type(migrate({"timeout": old})["timeout_seconds"]), type(new))

    def test_words(self):
        self.check({"verbose": True}, log_level="debug")
        self.check({"verbose": False})
        self.check({"verbose": True, "log_level": "error"}, log_level="error")
        self.check({"log_level": "error", "verbose": True}, log_level="error")
        self.check({"colour": "red"}, color="red")
        self.check({"colour": "red", "color": "blue"}, color="blue")
        self.check({"color": "blue", "colour": "red"}, color="blue")

    def test_the_rest_stays_in_order(self):
        old = {"z": [1], "servers": [], "a": {"b": None}}
        self.check(old, z=[1], servers={}, a={"b": None})
        keys = [key for key in migrate(old) if key in old]
        self.assertEqual(keys, ["z", "servers", "a"])
        self.assertIsNot(migrate(old)["z"], old["z"])

    def test_versions(self):
        for version in (0, 3, "1", None, "2"):
            with self.assertRaises(ValueError):
                migrate({"version": version})

    def test_files(self):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            for path in (APP / "examples").iterdir():
                (folder / path.name).write_bytes(path.read_bytes())
            home, bad, new = folder / "home.json", folder / "bad.json", folder / "new.json"
            old_text = home.read_text()
            bad.write_text("{")
            new.write_text('{"version": 2}')
            os.utime(new, (1, 1))
            done = run(bad, home, folder / "small.json", new, folder / "none.json")
            self.assertEqual(done.returncode, 1)
            self.assertIn("bad.json", done.stderr)
            self.assertIn("none.json", done.stderr)
            self.assertNotIn("Traceback", done.stderr)
            self.assertEqual(bad.read_text(), "{")
            self.assertEqual(json.loads(home.read_text())["timeout_seconds"], 1.5)
            self.assertIn('\n  "color": "grün"', home.read_text())
            self.assertEqual((folder / "home.json.bak").read_text(), old_text)
            self.assertEqual((new.read_text(), new.stat().st_mtime), ('{"version": 2}', 1))
            self.assertFalse((folder / "new.json.bak").exists())
            again = run(home)
            self.assertEqual(again.returncode, 0)
            self.assertEqual((folder / "home.json.bak").read_text(), old_text)
            home.write_text('{"timeout": 1}')
            run(home)
            self.assertEqual((folder / "home.json.bak").read_text(), old_text)
            left = sorted(path.name for path in folder.iterdir())
            self.assertEqual(
                left,
                ["bad.json", "home.json", "home.json.bak", "new.json", "small.json", "small.json.bak"],
            )


unittest.main()
