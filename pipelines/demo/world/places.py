"""云州市, a city that does not exist, in 示范省, a province that does not exist.

Its region codes do exist in GB/T 2260 (a code unknown there would only show what a wrong code looks
like): they are borrowed from a real prefecture for the sake of their history. Two of its districts
were counties until 2015 and had other codes then, so its people carry numbers of both. Streets,
estates and villages are invented.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from pipelines.demo.text import Bools, Ints, choose, join, number, pick
from pipelines.demo.world.words import word_list

PROVINCE, CITY, CITY_CODE = "示范省", "云州市", 130600
DEVELOPMENT_ZONE_CODE = 130671  # a registration authority that GB/T 2260 does not know (trap 3)


@dataclass(frozen=True)
class County:
    """A county-level division: current code, the code before ``since`` and its share of people."""

    code: int
    name: str
    former_code: int
    since: int  # first year of the current code
    share: float
    towns: tuple[str, ...]
    rural: bool = False


COUNTIES = (
    County(130602, "东湖区", 130602, 1983, 0.24, ("湖滨街道", "学府街道", "金桥街道", "长青街道")),
    County(130606, "南岭区", 130603, 2015, 0.20, ("岭前街道", "梅园街道", "站西街道", "玉泉街道")),
    County(130607, "青溪区", 130621, 2015, 0.14, ("青溪街道", "白鹭街道", "桃源镇", "大营镇")),
    County(130608, "石桥区", 130622, 2015, 0.12, ("石桥街道", "虹桥街道", "马家镇", "新集镇")),
    County(130623, "云台县", 130623, 1994, 0.12, ("云台镇", "龙泉镇", "双河乡", "三岔乡"), True),
    County(130624, "白石县", 130624, 1994, 0.10, ("白石镇", "红山镇", "松林乡", "柳沟乡"), True),
    County(130626, "柳河县", 130626, 1994, 0.08, ("柳河镇", "沙坝镇", "高庙乡", "石门乡"), True),
)
COUNTY_CODES = np.array([county.code for county in COUNTIES])
FORMER_CODES = np.array([county.former_code for county in COUNTIES])
SINCE = np.array([county.since for county in COUNTIES])
SHARES = np.array([county.share for county in COUNTIES])

# Where newcomers were first registered: one county of most provinces, all older than the people.
ELSEWHERE_CODES = np.array(
    [
        "110105",
        "120101",
        "150102",
        "210102",
        "220102",
        "230102",
        "310104",
        "320106",
        "330106",
        "340104",
        "350102",
        "360102",
        "370102",
        "410102",
        "420106",
        "430104",
        "440106",
        "450102",
        "500103",
        "510104",
        "520102",
        "530102",
        "540102",
        "610103",
        "620102",
        "630102",
        "640104",
        "650102",
    ],
    dtype=np.int64,
)

ROADS = word_list("roads")
ESTATES = word_list("estates")
VILLAGES = word_list("villages")


@dataclass(frozen=True)
class Places:
    """Addresses as numbers, one row each; ``render`` writes them."""

    county: Ints
    town: Ints
    road: Ints
    number: Ints
    estate: Ints
    building: Ints
    unit: Ints
    room: Ints

    def take(self, index: Ints) -> "Places":
        """The addresses at ``index``."""
        return Places(*(getattr(self, name)[index] for name in self.__dataclass_fields__))

    def region_codes(self) -> Ints:
        """Current GB/T 2260 codes."""
        return COUNTY_CODES[self.county]

    def render(self, depth: Ints) -> pa.Array:
        """Write the addresses; ``depth`` 0 begins with the province, 1 the city, 2 the county."""
        head = pick([PROVINCE + CITY, CITY, ""], depth)
        names = [county.name for county in COUNTIES]
        towns = [town for county in COUNTIES for town in county.towns]
        town = pick(towns, self.county * 4 + self.town)
        return join(head, pick(names, self.county), town, self._door())

    def _rural(self) -> Bools:
        rural = np.array([county.rural for county in COUNTIES])[self.county]
        return rural & (self.town >= 1)

    def _door(self) -> pa.Array:
        flat = join(
            pick(ROADS, self.road), number(self.number), "号", pick(ESTATES, self.estate),
            number(self.building), "栋", number(self.unit), "单元", number(self.room), "室",
        )  # fmt: skip
        farm = join(
            pick(VILLAGES, self.road % len(VILLAGES)), number(self.building), "组",
            number(self.number), "号",
        )  # fmt: skip
        return choose(self._rural(), farm, flat)


def make_places(rng: np.random.Generator, rows: int) -> Places:
    """Invent addresses, spread over the counties as their people are."""
    return Places(
        county=rng.choice(len(COUNTIES), rows, p=SHARES),
        town=rng.integers(0, 4, rows),
        road=rng.integers(0, len(ROADS), rows),
        number=rng.integers(1, 400, rows),
        estate=rng.integers(0, len(ESTATES), rows),
        building=rng.integers(1, 31, rows),
        unit=rng.integers(1, 5, rows),
        room=rng.integers(1, 19, rows) * 100 + rng.integers(1, 5, rows),
    )
