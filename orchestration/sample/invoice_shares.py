"""What the wholesaler's invoices look like: shares and quantiles that the generator draws from.

Belongs here: numbers. Does not: SQL (`invoices.py`).
Source: UCI 352, 541,909 lines on 25,900 invoices of 4,372 customers.
"""

from __future__ import annotations

from orchestration.sample.draws import evenly, points, weights

PRODUCTS = 3800
# Orders per customer by share of customers: a third order once, one in a thousand 92 times. The first few only cancel.
ORDERS = points(
    "0 0, 0.0075 0.99, 0.0076 1, 0.349 1.99, 0.54 2.99, 0.656 3.99, 0.745 4.99, 0.8 5.99, 0.84 6.99, 0.872 7.99, "
    "0.895 8.99, 0.923 10.99, 0.95 13.5, 0.97 18, 0.98 21, 0.99 30, 0.995 42, 0.999 92, 1 210"
)
# Days before the end of the first and of the last order, in tenths of the customers, by how often they ordered at most.
ONCE = evenly("0 23 42.6 61 81 131 187 241 277 323.7 373")
TENURE = {
    1: (ONCE, ONCE),
    2: (evenly("10 45 85 133 180 217 254 283 316 361 373"), evenly("0 9 18 29 43 61 81 124 173 232 373")),
    3: (evenly("2 75 139 182 214 249 277 303 326 361 373"), evenly("0 9 18 24 32 46 64 82 118 179 333")),
    5: (evenly("9 116 197 234 258 281 305 326 357 366 373"), evenly("0 4 9 16 22 29 40 57 75 115 366")),
    10: (evenly("18 179 252 283 302 323 338 360 366 369 373"), evenly("0 3 7 9 12 17 24 31 46 71 311")),
    20: (evenly("101 266 311 331 358 362 365 367 369 372 373"), evenly("0 1.1 3 4 7.4 10 15 19 25 37 217")),
    999: (evenly("241 321 358 365 366 368 369 371 372 373 373"), evenly("0 0.4 1 1 2 3 4 7 9 14 200")),
}
LINES = {
    "order": points(
        "0 1, 0.06 1, 0.1 2, 0.2 5, 0.3 8, 0.4 11, 0.5 15, 0.6 19, 0.7 24, 0.8 32, 0.85 38, 0.9 48, 0.95 65, "
        "0.99 111, 1 300"
    ),
    "counter": points("0 1, 0.655 1, 0.7 3, 0.75 13, 0.8 37, 0.85 62, 0.9 148, 0.95 205, 0.99 480, 1 900"),
}
LINES["cancellation"] = LINES["order"]
# Lines that a cancellation gives back, of those that the order had.
RETURNS = points("0 1, 0.5 1, 0.65 2.5, 0.85 6, 0.95 12, 0.99 24, 1 60")
HOURS = weights("8 3, 9 9, 10 14, 11 15, 12 18, 13 15, 14 12, 15 10, 16 6, 17 3, 18 1")
COUNTRIES = weights(
    "United Kingdom 3950, Germany 95, France 87, Spain 31, Belgium 23, Switzerland 21, Portugal 19, Italy 15, "
    "Finland 12, Norway 10, Austria 10, Channel Islands 9, Netherlands 9, Sweden 8, Denmark 8, Australia 8, "
    "Japan 8, Poland 6, Cyprus 5, Israel 4, Canada 4, USA 4, Unspecified 4, Greece 4, EIRE 3, "
    "United Arab Emirates 2, Bahrain 2, Malta 2, RSA 1, Saudi Arabia 1, Singapore 1, Brazil 1, Iceland 1, "
    "European Community 1, Lithuania 1, Lebanon 1, Czech Republic 1"
)
COUNTER_COUNTRIES = weights("United Kingdom 3637, EIRE 41, Hong Kong 15, Unspecified 5, France 3, Israel 3")
# Codes that are no products, per million lines, by kind of invoice; the rest are products.
CODES = {
    "order": weights("POST 2760, M 730, C2 330, DOT 40, BANK CHARGES 30, PADS 10, NULL 996100"),
    "counter": weights("DOT 5150, M 270, gift_0001_20 250, POST 230, DCGSSGIRL 180, C2 70, AMAZONFEE 20, NULL 993830"),
    "cancellation": weights("M 19650, POST 10890, D 8650, NULL 960810"),
    "fee": weights("M 69, S 61, AMAZONFEE 32, POST 29, BANK CHARGES 25, CRUK 16, NULL 30"),
}
NAMES = {
    "POST": "POSTAGE",
    "M": "Manual",
    "C2": "CARRIAGE",
    "DOT": "DOTCOM POSTAGE",
    "BANK CHARGES": "Bank Charges",
    "D": "Discount",
    "S": "SAMPLES",
    "AMAZONFEE": "AMAZON FEE",
    "CRUK": "CRUK Commission",
    "DCGSSGIRL": "GIRLS PARTY BAG",
    "PADS": "PADS TO MATCH ALL CUSHIONS",
    "gift_0001_20": "Dotcomgiftshop Gift Voucher £20.00",
}
# Pounds, in the middle, of codes that are no products.
FEES = weights("POST 18, M 20, C2 50, DOT 190, BANK CHARGES 60, D 25, S 30, AMAZONFEE 5900, CRUK 450, PADS 0.01")
PRICES = points(
    "0 0.19, 0.05 0.42, 0.15 0.83, 0.2 0.85, 0.25 1.25, 0.35 1.25, 0.4 1.65, 0.45 1.65, 0.5 1.95, 0.6 2.1, 0.65 2.89, "
    "0.7 2.95, 0.75 3.75, 0.85 4.95, 0.9 6.75, 0.95 8.5, 0.99 16.95, 1 39.95"
)
QUANTITIES = points(
    "0 1, 0.19 1, 0.2 2, 0.31 2, 0.35 3, 0.4 4, 0.47 4.99, 0.5 6, 0.57 6, 0.6 8, 0.65 10, 0.7 12, 0.82 12, "
    "0.85 18, 0.9 24, 0.93 25, 0.95 36, 0.97 50, 0.98 96, 0.99 120, 0.995 200, 0.999 504, 0.9999 1520, 1 4300"
)
RETURNED = points("0 1, 0.45 1, 0.5 2, 0.75 6, 0.9 19, 0.95 36, 0.99 180, 1 1500")
CORRECTIONS = weights("NULL 862, check 120, damages 45, damaged 43, ? 47, sold as set on dotcom 20")
MATERIALS = weights(
    "RED RETROSPOT 9, WHITE 8, WOODEN 8, VINTAGE 7, GLASS 5, CERAMIC 4, PINK POLKADOT 4, BLUE 4, METAL 4, PAPER 3"
)
THINGS = weights(
    "LUNCH BAG 6, T-LIGHT HOLDER 6, CAKESTAND 3, BUNTING 3, DOORMAT 3, MUG 4, PICTURE FRAME 4, CANDLE 5, CLOCK 2"
)
# Variants of a product are letters behind its five digits.
VARIANTS = weights(" 9100, B 250, A 240, C 120, D 70, L 40, E 40, F 40, S 30, a 20, BL 10, bl 5")
# Days before the end by share of the sales over the counter: autumn is busiest.
COUNTER_DAYS = points(
    "0 0, 0.047 9, 0.203 39, 0.315 70, 0.408 100, 0.473 131, 0.546 162, 0.614 192, 0.682 223, 0.737 253, "
    "0.805 284, 0.856 312, 0.92 343, 1 373"
)
