import subprocess
import sys
import tempfile
from pathlib import Path

APP, TESTS = Path(sys.argv[1]), Path(__file__).parent
SOURCE = (TESTS / "cart.txt").read_text()
FAULTS = [
    ("quantity >= 10", "quantity > 10"),
    ("quantity >= 10", "quantity >= 11"),
    ("quantity >= 10", "price * quantity >= 1000"),
    ("cost * 5 // 100", "-(-cost * 5 // 100)"),
    ("cost * 5 // 100", "cost * 6 // 100"),
    ("result * 10 // 100", "-(-result * 10 // 100)"),
    ("result * 10 // 100", "result * 11 // 100"),
    ("min(500, result)", "500"),
    ("min(500, result)", "min(501, result)"),
    (".strip()", ""),
    (".upper()", ""),
    ("result >= 5000", "result > 5000"),
    ("result >= 5000", "result >= 4999"),
    ("+ 490", "+ 491"),
    ("+ 990", "+ 980"),
    ('if country != "DE":\n        return result + 990\n    ', 'if country != "DE" and result < 5000:\n        return result + 990\n    '),
    ("price < 0", "price < -1"),
    ("quantity < 1", "quantity < 0"),
    ("any(", "all("),
    ("if not items:\n        return 0\n", ""),
    ('("", "TENOFF", "FIVER")', '("", "TENOFF", "FIVER", "FREE")'),
    ("raise ValueError(f", "raise KeyError(f"),
    ("return result if result >= 5000", "return result if sum(p * q for _, p, q in items) >= 5000"),
    ("price < 0", "price < 1"),
]
OTHER = """
def total(items, coupon=None, country="DE"):
    for name, price, quantity in items:
        if quantity <= 0 or price <= -1:
            raise ValueError(name)
    word = coupon.strip().casefold() if coupon else ""
    if word and word not in {"fiver", "tenoff"}:
        raise ValueError
    if len(items) == 0:
        return 0
    cost = sum(p * q - (p * q // 20 if q > 9 else 0) for _, p, q in items)
    cost -= {"": 0, "tenoff": cost // 10, "fiver": min(cost, 500)}[word]
    free = country == "DE" and cost > 4999
    return cost + (0 if free else 490 if country == "DE" else 990)
"""


def passes(source):
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "cart.py").write_text(source)
        (Path(folder) / "test_cart.py").write_bytes((APP / "test_cart.py").read_bytes())
        done = subprocess.run(
            [sys.executable, "-m", "unittest", "test_cart"],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=30,
        )
    return done.returncode == 0 and "Ran 0 tests" not in done.stderr


if not (APP / "test_cart.py").exists():
    sys.exit("Error: there is no test_cart.py")
if (APP / "cart.py").read_text() != SOURCE:
    sys.exit("Error: cart.py was changed")
if not passes(SOURCE) or not passes(OTHER):
    sys.exit("Error: the tests fail for a right implementation")
for old, new in FAULTS:
    assert old in SOURCE, old
    if passes(SOURCE.replace(old, new)):
        sys.exit(f"Error: not found: {old!r} became {new!r}")
