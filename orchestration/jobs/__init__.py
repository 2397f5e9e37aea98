"""When things happen: jobs, schedules and sensors.

Belongs here: what runs at which cadence. Does not: what is done then.
"""
