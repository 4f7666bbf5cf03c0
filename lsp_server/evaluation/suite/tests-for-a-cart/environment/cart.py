"""What a shopping cart costs.

`total(items, coupon, country)` takes items as tuples of name, price in cents and quantity, and
returns cents.

- A quantity of 10 or more of one item gives 5 % off that item, rounded down to whole cents off.
- The coupon "TENOFF" takes 10 % off the sum of the items, rounded down to whole cents off.
- The coupon "FIVER" takes 500 cents off, but never more than the sum.
- Coupons count in any case, and with spaces around. An unknown one raises ValueError; None and
  the empty text are no coupon.
- Shipping costs 490 cents to "DE" and 990 anywhere else. It is free from 5000 cents on, to "DE"
  alone, measured after the coupon.
- An empty cart costs nothing, without shipping.
- A price below 0 or a quantity below 1 raises ValueError.
"""

from __future__ import annotations


def total(items, coupon=None, country="DE"):
    if any(price < 0 or quantity < 1 for _, price, quantity in items):
        raise ValueError("a price is below 0 or a quantity below 1")
    code = (coupon or "").strip().upper()
    if code not in ("", "TENOFF", "FIVER"):
        raise ValueError(f"unknown coupon: {coupon}")
    if not items:
        return 0
    result = 0
    for _, price, quantity in items:
        cost = price * quantity
        if quantity >= 10:
            cost -= cost * 5 // 100
        result += cost
    if code == "TENOFF":
        result -= result * 10 // 100
    elif code == "FIVER":
        result -= min(500, result)
    if country != "DE":
        return result + 990
    return result if result >= 5000 else result + 490
