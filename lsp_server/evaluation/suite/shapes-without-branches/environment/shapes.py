"""Plane shapes, as dictionaries."""

from __future__ import annotations

import math


def area(shape):
    kind = shape["shape"]
    if kind == "circle":
        return math.pi * shape["radius"] ** 2
    elif kind == "rectangle":
        return shape["width"] * shape["height"]
    elif kind == "triangle":
        a, b, c = shape["sides"]
        half = (a + b + c) / 2
        return math.sqrt(half * (half - a) * (half - b) * (half - c))
    raise ValueError(f"unknown shape: {kind}")


def perimeter(shape):
    kind = shape["shape"]
    if kind == "circle":
        return 2 * math.pi * shape["radius"]
    elif kind == "rectangle":
        return 2 * (shape["width"] + shape["height"])
    elif kind == "triangle":
        return sum(shape["sides"])
    raise ValueError(f"unknown shape: {kind}")


def scaled(shape, factor):
    if factor <= 0:
        raise ValueError("the factor must be positive")
    kind = shape["shape"]
    if kind == "circle":
        return {"shape": "circle", "radius": shape["radius"] * factor}
    elif kind == "rectangle":
        return {
            "shape": "rectangle",
            "width": shape["width"] * factor,
            "height": shape["height"] * factor,
        }
    elif kind == "triangle":
        return {"shape": "triangle", "sides": [side * factor for side in shape["sides"]]}
    raise ValueError(f"unknown shape: {kind}")


def describe(shape):
    kind = shape["shape"]
    if kind == "circle":
        return f"a circle of radius {shape['radius']}"
    elif kind == "rectangle":
        if shape["width"] == shape["height"]:
            return f"a square of {shape['width']}"
        return f"a rectangle of {shape['width']} by {shape['height']}"
    elif kind == "triangle":
        return "a triangle of " + ", ".join(str(side) for side in shape["sides"])
    raise ValueError(f"unknown shape: {kind}")


def fits(shape, width, height):
    """Whether the shape fits into a box without being turned."""
    kind = shape["shape"]
    if kind == "circle":
        return 2 * shape["radius"] <= min(width, height)
    elif kind == "rectangle":
        return shape["width"] <= width and shape["height"] <= height
    elif kind == "triangle":
        base = max(shape["sides"])
        return base <= width and 2 * area(shape) / base <= height
    raise ValueError(f"unknown shape: {kind}")
