import sys
import unittest

sys.path.append(sys.argv.pop(1))

import ast
import math
from pathlib import Path

import shapes

CIRCLE = {"shape": "circle", "radius": 2}
BOX = {"shape": "rectangle", "width": 3, "height": 4}
SQUARE = {"shape": "rectangle", "width": 3, "height": 3}
TRIANGLE = {"shape": "triangle", "sides": [3, 4, 5]}


class Shapes(unittest.TestCase):
    def test_results_are_as_before(self):
        self.assertAlmostEqual(shapes.area(CIRCLE), 4 * math.pi)
        self.assertEqual(shapes.area(BOX), 12)
        self.assertAlmostEqual(shapes.area(TRIANGLE), 6)
        self.assertAlmostEqual(shapes.perimeter(CIRCLE), 4 * math.pi)
        self.assertEqual(shapes.perimeter(BOX), 14)
        self.assertEqual(shapes.perimeter(TRIANGLE), 12)
        self.assertEqual(shapes.scaled(CIRCLE, 2), {"shape": "circle", "radius": 4})
        self.assertEqual(shapes.scaled(BOX, 2), {"shape": "rectangle", "width": 6, "height": 8})
        self.assertEqual(shapes.scaled(TRIANGLE, 2), {"shape": "triangle", "sides": [6, 8, 10]})
        self.assertEqual(shapes.describe(CIRCLE), "a circle of radius 2")
        self.assertEqual(shapes.describe(SQUARE), "a square of 3")
        self.assertEqual(shapes.describe(BOX), "a rectangle of 3 by 4")
        self.assertEqual(shapes.describe(TRIANGLE), "a triangle of 3, 4, 5")
        fitting = [shapes.fits(one, 4, 4) for one in (CIRCLE, BOX, TRIANGLE)]
        self.assertEqual(fitting, [True, True, False])
        self.assertTrue(shapes.fits(TRIANGLE, 5, 2.4))

    def test_errors_are_as_before(self):
        for function in (shapes.area, shapes.perimeter, shapes.describe):
            with self.assertRaisesRegex(ValueError, "unknown shape: star"):
                function({"shape": "star"})
        with self.assertRaisesRegex(ValueError, "the factor must be positive"):
            shapes.scaled({"shape": "star"}, 0)

    def test_shapes_are_objects(self):
        self.assertEqual(shapes.make("rectangle", width=3, height=4).area(), 12)
        with self.assertRaises(ValueError):
            shapes.make("star")

    def test_a_shape_comes_from_outside(self):
        class Dot:
            def area(self):
                return 0

            def perimeter(self):
                return 0

            def scaled(self, factor):
                return Dot()

            def describe(self):
                return "a dot"

            def extent(self):
                return 0, 0

        shapes.register("dot", Dot)
        self.assertEqual(shapes.describe({"shape": "dot"}), "a dot")
        self.assertTrue(shapes.fits({"shape": "dot"}, 1, 1))
        self.assertEqual(shapes.scaled({"shape": "dot"}, 3), {"shape": "dot"})

    def test_no_name_is_compared(self):
        tree = ast.parse(Path(shapes.__file__).read_text())
        compared = [
            side.value
            for node in ast.walk(tree)
            if isinstance(node, (ast.Compare, ast.MatchValue))
            for side in ast.walk(node)
            if isinstance(side, ast.Constant)
        ]
        self.assertFalse({"circle", "rectangle", "triangle"} & set(map(str, compared)))


unittest.main()
