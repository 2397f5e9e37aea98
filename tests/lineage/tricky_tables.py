"""The tables of the queries that are easy to follow wrongly, and the letters that their truth is written with:
o = shop.orders, i = shop.items, c = shop.customers."""

from __future__ import annotations

TABLES = {
    "orders": ("id", "customer", "amount", "placed_at", "tags", "address"),
    "items": ("order_id", "sku", "price", "quantity"),
    "customers": ("id", "name", "country", "referrer"),
}
O, I, C = (f"raw.shop__{table}" for table in TABLES)
