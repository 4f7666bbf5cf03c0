"""Plane shapes, as dictionaries and as objects."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

_classes: dict[str, type] = {}


def register(name, cls):
    """Adds a shape that goes by this name."""
    _classes[name] = cls


def make(name, **sizes):
    """A shape by its name. Raises ValueError."""
    if name not in _classes:
        raise ValueError(f"unknown shape: {name}")
    return _classes[name](**sizes)


@dataclass
class Circle:
    radius: float

    def area(self):
        return math.pi * self.radius**2

    def perimeter(self):
        return 2 * math.pi * self.radius

    def scaled(self, factor):
        return Circle(self.radius * factor)

    def describe(self):
        return f"a circle of radius {self.radius}"

    def extent(self):
        return 2 * self.radius, 2 * self.radius


@dataclass
class Rectangle:
    width: float
    height: float

    def area(self):
        return self.width * self.height

    def perimeter(self):
        return 2 * (self.width + self.height)

    def scaled(self, factor):
        return Rectangle(self.width * factor, self.height * factor)

    def describe(self):
        if self.width == self.height:
            return f"a square of {self.width}"
        return f"a rectangle of {self.width} by {self.height}"

    def extent(self):
        return self.width, self.height


@dataclass
class Triangle:
    sides: list

    def area(self):
        a, b, c = self.sides
        half = (a + b + c) / 2
        return math.sqrt(half * (half - a) * (half - b) * (half - c))

    def perimeter(self):
        return sum(self.sides)

    def scaled(self, factor):
        return Triangle([side * factor for side in self.sides])

    def describe(self):
        return "a triangle of " + ", ".join(str(side) for side in self.sides)

    def extent(self):
        base = max(self.sides)
        return base, 2 * self.area() / base


register("circle", Circle)
register("rectangle", Rectangle)
register("triangle", Triangle)


def _object(shape):
    sizes = {key: value for key, value in shape.items() if key != "shape"}
    return make(shape["shape"], **sizes)


def area(shape):
    return _object(shape).area()


def perimeter(shape):
    return _object(shape).perimeter()


def scaled(shape, factor):
    if factor <= 0:
        raise ValueError("the factor must be positive")
    larger = _object(shape).scaled(factor)
    sizes = asdict(larger) if hasattr(larger, "__dataclass_fields__") else dict(vars(larger))
    return {"shape": shape["shape"], **sizes}


def describe(shape):
    return _object(shape).describe()


def fits(shape, width, height):
    """Whether the shape fits into a box without being turned."""
    own_width, own_height = _object(shape).extent()
    return own_width <= width and own_height <= height
