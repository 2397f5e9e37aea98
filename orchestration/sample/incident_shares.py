"""What ServiceNow's incidents look like: shares and quantiles that the generator draws from.

Belongs here: numbers. Does not: SQL (`incidents.py`).
Source: UCI 498, 24,918 incidents and 141,712 events.
"""

from __future__ import annotations

from orchestration.sample.draws import points, weights

# Days after 2016-02-29 by share of incidents: three busy months, then a trickle until 2017-02-16.
OPENED = points("0 0, 0.0083 1, 0.3693 32, 0.6877 62, 0.989 93, 0.9915 215, 0.994 307, 1 353.5")
HOURS = weights(
    "0 269, 1 222, 2 149, 3 123, 4 128, 5 132, 6 320, 7 573, 8 2547, 9 3014, 10 2893, 11 2469, 12 1342, "
    "13 1645, 14 2255, 15 2131, 16 1867, 17 1075, 18 466, 19 296, 20 226, 21 359, 22 245, 23 172"
)
# Hours from opening to resolution by share of the resolved, and from resolution to closing (five days, then it lapses).
RESOLUTION = points(
    "0 0, 0.05 0.05, 0.1 0.1, 0.15 0.167, 0.2 0.25, 0.25 0.417, 0.3 0.75, 0.35 1.53, 0.4 3.58, 0.45 8.2, "
    "0.5 22.1, 0.55 28.4, 0.6 48.9, 0.65 73.2, 0.7 113, 0.75 148.5, 0.8 193.6, 0.85 282, 0.9 381.5, 0.95 710.5, "
    "0.97 1150, 0.98 1688, 0.99 2843, 1 6000"
)
CLOSING = points("0 119.9, 0.05 120.03, 0.85 120.95, 0.9 177.5, 0.95 321.7, 0.99 416.3, 1 1500")
# Events per incident: those resolved within an hour and a half have few, the others more.
EVENTS_QUICK = weights("2 150, 3 5350, 4 1500, 5 600, 6 300, 7 200, 8 100")
EVENTS_SLOW = weights(
    "2 120, 3 1050, 4 2646, 5 2413, 6 1913, 7 1613, 8 1232, 9 1101, 10 765, 11 596, 12 440, 13 293, 14 222, "
    "15 173, 16 122, 17 106, 18 74, 19 66, 20 41, 21 33, 22 30, 23 18, 25 36, 28 20, 32 15, 38 10, 45 6, 58 1"
)
PRIORITIES = weights("223 23462, 334 671, 111 270, 212 257, 122 151, 324 76, 234 27, 313 4")
STATES = weights(
    "Active 32212, Awaiting User Info 14449, Awaiting Vendor 707, Awaiting Problem 455, "
    "Awaiting Evidence 38, Resolved 830"
)
CODES = weights(
    "6 14882, 7 4412, 9 2489, 8 831, 5 677, 1 449, 10 314, 11 221, 16 171, 4 130, NULL 107, 3 99, 2 59, 15 43, "
    "17 21, 13 8, 14 3, 12 2"
)
CHANNELS = weights("Phone 24688, Self service 158, Email 59, IVR 9, Direct opening 4")
# Changes of hands per incident.
MOVES = points("0 0, 0.544 0.99, 0.794 1.99, 0.886 2.99, 0.98 6, 1 20")
FIRST_STATES = weights("New 16397, Active 6504, Awaiting User Info 193, Awaiting Problem 6")
