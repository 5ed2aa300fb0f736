"""What Python's datetime and zoneinfo say about the calendar; tests/prop/test_oracle.c compares partrun's answers line
by line. Standard library only.

    oracle.py SEED FIRST_YEAR LAST_YEAR full|sparse ZONE...

Lines, in any order below a `zone NAME`:
    offset T OFFSET                  the zone's offset at T (all times are seconds since 1970-01-01 UTC)
    day D T                          local day D (days since 1970-01-01) begins at T; skipped days are left out
    grid UNIT STEP ANCHOR            a grid of `day`s or `month`s with an anchor date; its cells follow, in order:
    cell T
    add T MONTHS DAYS SIGN RESULT    T plus or minus an interval
    civil D TEXT                     date D as %Y-%m-%d %j %G-%V-%u %y %a %b
    end LINES                        last; so many lines came before
"""
import calendar
import functools
import os
import random
import sys
import zoneinfo
from datetime import date, datetime, timedelta

EPOCH = date(1970, 1, 1).toordinal()
DAY = 86400
output = []


def say(*words):
    output.append(" ".join(map(str, words)))


def local_at(zone, t):
    return datetime.fromtimestamp(t, zone)


def offset_at(zone, t):
    return local_at(zone, t).utcoffset() // timedelta(seconds=1)


def first_instant(zone, naive):
    """First instant at which the zone's clock shows `naive` or later."""
    t = int(naive.replace(tzinfo=zone, fold=0).timestamp())
    if local_at(zone, t).replace(tzinfo=None) == naive:
        return t
    low, high = t - 2 * DAY, t + 2 * DAY  # the clock jumps over `naive` somewhere in here
    while high - low > 1:
        middle = (low + high) // 2
        if local_at(zone, middle).replace(tzinfo=None) >= naive:
            high = middle
        else:
            low = middle
    return high


@functools.lru_cache(maxsize=None)
def day_start(zone, day):
    return first_instant(zone, datetime(day.year, day.month, day.day))


def transitions(zone, first, last):
    t, offset, step = first, offset_at(zone, first), 3 * DAY
    while t < last:
        after = offset_at(zone, t + step)
        if after != offset:
            low, high = t, t + step
            while high - low > 1:
                middle = (low + high) // 2
                if offset_at(zone, middle) == offset:
                    low = middle
                else:
                    high = middle
            yield high
        t, offset = t + step, after


def say_offsets(zone, changes, first, last):
    for t in changes:
        for near in (-DAY, -3600, -1, 0, 1, 3599, 3600, 7200, random.randrange(-DAY, DAY)):
            say("offset", t + near, offset_at(zone, t + near))
    for _ in range(2000):
        t = random.randrange(first, last)
        say("offset", t, offset_at(zone, t))


def say_days(zone, changes, first, last, full):
    """All days, or some and those around every change."""
    ordinals = set(range(first.toordinal(), last.toordinal() + 1))
    if not full:
        ordinals = set(random.sample(sorted(ordinals), 3000))
        for t in changes:
            ordinals.update(EPOCH + t // DAY + near for near in (-2, -1, 0, 1, 2))
    for ordinal in sorted(ordinals):
        day = date.fromordinal(ordinal)
        start = day_start(zone, day)
        if start < day_start(zone, day + timedelta(days=1)):
            say("day", ordinal - EPOCH, start)


def month_shift(day, months):
    index = day.year * 12 + day.month - 1 + months
    year, month = index // 12, index % 12 + 1
    return (year, month, min(day.day, calendar.monthrange(year, month)[1]))


def say_grid(zone, first, last, unit, step, anchor):
    say("grid", unit, step, anchor.toordinal() - EPOCH)
    if unit == "day":
        k = (first.toordinal() - anchor.toordinal()) // step + 1
    else:
        k = ((first.year - anchor.year) * 12) // step - 1
    previous = None
    while True:
        if unit == "day":
            day = date.fromordinal(anchor.toordinal() + k * step)
        else:
            day = date(*month_shift(anchor, k * step))
        k += 1
        if day > last:
            return
        start = day_start(zone, day)
        if previous is not None and start > previous:
            say("cell", previous)
        previous = start


def say_grids(zone, first, last, count):
    monday, new_year = date(2000, 1, 3), date(2000, 1, 1)
    for unit, step, anchor in (("day", 7, monday), ("day", 14, monday), ("month", 1, new_year), ("month", 3, new_year),
                               ("month", 12, new_year), ("month", 120, new_year), ("month", 1, date(2000, 1, 31)),
                               ("month", 1, date(2011, 12, 30)), ("day", 30, date(2011, 12, 30))):
        say_grid(zone, first, last, unit, step, anchor)
    for _ in range(count):
        anchor = date.fromordinal(random.randrange(first.toordinal(), last.toordinal()))
        unit = random.choice(("day", "month"))
        say_grid(zone, first, last, unit, random.randrange(1, 400 if unit == "day" else 40), anchor)


def say_sums(zone, first, last, count):
    for _ in range(count):
        t = random.randrange(first, last)
        months = random.choice((0, 1, 3, 12, random.randrange(200)))
        days = random.choice((0, 1, 7, 30, 90, random.randrange(1000)))
        sign = random.choice((1, -1))
        result = t
        if months or days:
            wall = local_at(zone, t).replace(tzinfo=None)
            year, month, day = month_shift(wall.date(), sign * months)
            wall = wall.replace(year=year, month=month, day=day) + timedelta(days=sign * days)
            result = first_instant(zone, wall.replace(fold=0))
        say("add", t, months, days, sign, result)


def say_civil(first, last):
    ordinals = list(range(first.toordinal(), last.toordinal()))
    ordinals += [random.randrange(1, date.max.toordinal()) for _ in range(5000)]
    for ordinal in ordinals:
        day = date.fromordinal(ordinal)
        iso = day.isocalendar()
        say("civil", ordinal - EPOCH, "%04d-%02d-%02d %03d %04d-%02d-%d %02d %s %s" % (
            day.year, day.month, day.day, day.timetuple().tm_yday, iso[0], iso[1], iso[2], day.year % 100,
            "Mon Tue Wed Thu Fri Sat Sun".split()[day.weekday()],
            "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()[day.month - 1]))


def main():
    seed, first_year, last_year, mode, *names = sys.argv[1:]
    random.seed(int(seed))
    zoneinfo.reset_tzpath(to=[os.environ.get("TZDIR") or "/usr/share/zoneinfo"])
    first, last = date(int(first_year), 1, 1), date(int(last_year), 12, 31)
    begin, end = ((day.toordinal() - EPOCH) * DAY for day in (first, last))
    for name in names:
        zone = zoneinfo.ZoneInfo(name)
        say("zone", name)
        changes = list(transitions(zone, begin, end))
        say_offsets(zone, changes, begin, end)
        say_days(zone, changes, first, last, mode == "full")
        say_grids(zone, first, last, 4 if mode == "full" else 0)
        say_sums(zone, begin, end, 2000)
    if mode == "full":
        say_civil(first, last)
    say("end", len(output))
    print("\n".join(output))


main()
