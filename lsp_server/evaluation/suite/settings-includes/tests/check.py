import sys
import unittest

sys.path.append(sys.argv.pop(1))

import tempfile
from pathlib import Path

from settings import SettingsError, read_settings


class Settings(unittest.TestCase):
    def read(self, text, **others):
        with tempfile.TemporaryDirectory() as folder:
            for name, other in others.items():
                path = Path(folder) / (name.replace("__", "/") + ".conf")
                path.parent.mkdir(exist_ok=True)
                path.write_text(other)
            (Path(folder) / "main.conf").write_text(text)
            try:
                return read_settings(Path(folder) / "main.conf")
            except SettingsError as error:
                raise SettingsError(str(error).replace(folder + "/", "")) from None

    def check(self, text, wanted, **others):
        self.assertEqual(self.read(text, **others), wanted)

    def fails(self, text, where, **others):
        with self.assertRaises(SettingsError) as caught:
            self.read(text, **others)
        self.assertTrue(str(caught.exception).startswith(where), caught.exception)

    def test_sections(self):
        self.check("", {})
        self.check("a=1", {"": {"a": "1"}})
        self.check("[ x ]\n a = 1 = 2\n[y]\n[x]\nb=\na = 3", {"x": {"a": "3", "b": ""}, "y": {}})

    def test_comments(self):
        self.check("# x\n  # y\n[s] # z\na = b # c\nd = e#f\n#", {"s": {"a": "b", "d": "e#f"}})
        self.check('a = "b # c" # d', {"": {"a": "b # c"}})

    def test_quotes(self):
        self.check(r'a = " b\"c\\d\n "', {"": {"a": ' b"c\\d\\n '}})
        self.check('a = b "c" d', {"": {"a": 'b "c" d'}})
        self.check('a = ""', {"": {"a": ""}})
        self.fails('\na = "b', "main.conf:2: ")
        self.fails('a = "b" c', "main.conf:1: ")

    def test_lines_go_on(self):
        self.check("a = one \\\n   two\\\n three\nb = 1", {"": {"a": "one twothree", "b": "1"}})
        self.check("a = 1 # c \\\nb = 2", {"": {"a": "1", "b": "2"}})
        self.fails("[s]\n\na \\\n b", "main.conf:3: ")

    def test_values_are_filled_in(self):
        text = "[a]\nx = ${y}-${b.c.z}$$\ny = 1\n[b.c]\nz = ${a.y}2\n[a]\ny = 3"
        self.check(text, {"a": {"x": "3-32$", "y": "3"}, "b.c": {"z": "32"}})
        self.check("p = $x\nq = $${p}", {"": {"p": "$x", "q": "${p}"}})
        self.check("o = 1\n[s]\na = ${.o}", {"": {"o": "1"}, "s": {"a": "1"}})
        self.fails("[a]\nb = 1\nx = ${z}", "main.conf:3: ")
        self.fails("[a]\nx = ${b.x}\n[b]\ny = 1", "main.conf:2: ")
        self.fails("a = 1\nx = ${x}", "main.conf:2: ")
        with self.assertRaises(SettingsError) as caught:
            self.read("a = ${b}\nb = ${c}\n\nc = ${a}")
        self.assertRegex(str(caught.exception), r"^main\.conf:[124]: ")

    def test_files_are_included(self):
        text = "a = 1\ninclude = sub/one.conf\nb = 2\n[s]\ninclude = kept"
        others = {"sub__one": 'a = 5\n[s]\nx = ${.b}\n', "kept": "no"}
        self.check(text, {"": {"a": "5", "b": "2"}, "s": {"x": "2", "include": "kept"}}, **others)
        nested = {"sub__one": 'include = "two.conf"', "sub__two": "c = 1"}
        self.check("include = sub/one.conf", {"": {"c": "1"}}, **nested)
        twice = {"one": "c = 1"}
        self.check("include = one.conf\ninclude = one.conf", {"": {"c": "1"}}, **twice)

    def test_errors_of_includes(self):
        self.fails("include = sub/one.conf", "sub/one.conf:2: ", sub__one="a = 1\nb")
        self.fails("\ninclude = none.conf", "main.conf:2: ")
        self.fails("include = one.conf", "one.conf:2: ", one="\ninclude = main.conf")
        self.fails("\ninclude = main.conf", "main.conf:2: ")


unittest.main()
