"""Names of invented people: surnames by frequency, given names by sex and generation, minorities.

Frequencies are rounded shares of the Han population for the commonest surnames; the rest of the pool
shares what is left. Given names come from pools per sex and generation, so that namesakes are as
frequent among the middle-aged as they are in life.
"""

import numpy as np
import pyarrow as pa

from pipelines.demo.text import Bools, Ints, choose, from_matrix, join, pick

MIDDLE_DOT = "·"

_COMMON = (
    "王7.2 李7.1 张6.8 刘5.4 陈4.5 杨3.1 黄2.2 赵2.2 吴2.0 周2.0 徐1.5 孙1.5 马1.3 朱1.3 胡1.3 郭1.2 "
    "何1.2 林1.1 罗1.0 高1.0 郑0.9 梁0.9 谢0.8 宋0.8 唐0.7 许0.7 韩0.7 邓0.6 冯0.6 曹0.6 彭0.6 曾0.6 "
    "肖0.6 田0.5 董0.5 潘0.5 袁0.5 蔡0.5 蒋0.5 余0.5 于0.5 杜0.4 叶0.4 程0.4 魏0.4 苏0.4 吕0.4 丁0.4 "
    "任0.4 卢0.4 姚0.4 沈0.4 钟0.4 姜0.4 崔0.4 谭0.4 陆0.3 范0.3 汪0.3 廖0.3 石0.3 金0.3 韦0.3 贾0.3 "
    "夏0.3 付0.3 方0.3 邹0.3 熊0.3 白0.3 孟0.3 秦0.3 邱0.3 侯0.3 江0.2 尹0.2 薛0.2 闫0.2 段0.2 雷0.2 "
    "龙0.2 史0.2 陶0.2 贺0.2 毛0.2 郝0.2 顾0.2 龚0.2 邵0.2 万0.2 覃0.2 武0.2 钱0.2 戴0.2 严0.2 莫0.2 "
    "孔0.2 向0.2 常0.2 汤0.2 欧阳0.08 上官0.01 司马0.01 诸葛0.01 令狐0.01 尉迟0.01"
).split()
SURNAMES = [entry.rstrip("0123456789.") for entry in _COMMON]
_WEIGHTS = np.array([float(entry[len(name) :]) for entry, name in zip(_COMMON, SURNAMES)])
SURNAME_SHARES = _WEIGHTS / _WEIGHTS.sum()

# (male, female) for those born before 1965, 1965-1989 and since 1990: first or only, then last.
_GIVEN = (
    (
        ("国建志德永文玉长明春福金树大学世家光庆", "华国林生民贵清福山财明祥顺才根"),
        ("秀桂玉淑凤春兰素月金翠美惠彩爱", "英兰珍芳梅花华琴云香莲清荣娥芝"),
    ),
    (
        ("建志伟永晓海小文卫宏国俊立新少", "伟军强勇涛杰斌辉明超鹏波刚平峰"),
        ("丽小晓海春红艳雪文玉秀燕静亚慧", "丽敏静燕娟艳芳娜霞红玲梅萍莉英"),
    ),
    (
        ("子浩宇梓俊一天嘉泽佳睿皓思铭博", "轩涵宇豪杰然航阳辰睿博洋晨鑫源"),
        ("子梓欣雨诗佳思一可梦嘉语若紫晨", "涵萱怡妍琪悦彤瑶颖婷雯馨蕊妤菲"),
    ),
)
_SINGLE_SHARE = (0.18, 0.42, 0.14)  # how many given names have one character, by generation
_SINGLE = (
    ("军平华林刚斌", "英兰芳珍敏琴"),
    ("伟军强勇涛磊斌杰超鹏", "芳娜敏静丽艳娟霞燕婷"),
    ("浩轩睿博昊宸煜鑫", "萱妍悦彤琪瑶蕊怡"),
)
# Characters that old systems cannot store: four bytes in GB18030, or only there since Unicode 3.
RARE = "䶮㛃㭎㴋㸌䜣䴙𬭎𬬭𫍯𠅤𫖯"

_UYGHUR = (
    "阿卜杜热合曼 买买提 艾力 吐尔逊 热依汗 古丽 阿依努尔 帕提古丽 玉素甫 艾合买提 依马木 库尔班 阿迪力 迪丽娜尔"
).split()
_TIBETAN = "扎西 多吉 卓玛 次仁 央金 洛桑 丹增 格桑 平措 旺堆 德吉 拉姆 边巴 尼玛".split()
_YI_CLANS = "吉克 阿的 阿苏 沙马 吉木 马海 曲比 勒格".split()
_YI_GIVEN = "木呷 阿依 尔古 伍各 阿呷 日哈 子布 史布 阿支木 拉玛".split()
_MONGOL = "巴特尔 其木格 乌兰 宝音 格日勒 斯琴 苏日娜 朝鲁 布和 娜仁 阿拉坦 呼和".split()

# Ethnic group code (GB/T 3304) to share of the people; the city is mostly Han.
ETHNIC_SHARES = {
    1: 0.921, 3: 0.02, 11: 0.017, 2: 0.01, 15: 0.008, 6: 0.008, 8: 0.006, 5: 0.004, 4: 0.003, 7: 0.003,
}  # fmt: skip


def generation(birth_years: Ints) -> Ints:
    """0 before 1965, 1 until 1989, 2 since 1990."""
    return np.searchsorted([1965, 1990], birth_years, side="right")


def given_names(
    rng: np.random.Generator, male: Bools, generations: Ints
) -> tuple[pa.Array, pa.Array]:
    """First character (or the empty text) and last character of Han given names."""
    rows = len(male)
    first, last = np.empty((2, rows), dtype="<U1")
    for era, by_sex in enumerate(_GIVEN):
        for sex, (firsts, lasts) in enumerate(by_sex):
            here = np.flatnonzero((generations == era) & (male == (sex == 0)))
            single = rng.random(len(here)) < _SINGLE_SHARE[era]
            first[here] = np.where(single, "", rng.choice(list(firsts), len(here)))
            alone = rng.choice(list(_SINGLE[era][sex]), len(here))
            last[here] = np.where(single, alone, rng.choice(list(lasts), len(here)))
    return pa.array(first, pa.string()), pa.array(last, pa.string())


def minority_names(rng: np.random.Generator, ethnic: Ints) -> pa.Array:
    """Names of Uyghur, Tibetan, Yi and Mongol people, most of them with a middle dot.

    Rows of other groups get a name of the last kind; the caller overwrites them.
    """
    rows = len(ethnic)

    def two(pool: list[str], other: list[str], between: str) -> pa.Array:
        return join(
            pick(pool, rng.integers(0, len(pool), rows)),
            between,
            pick(other, rng.integers(0, len(other), rows)),
        )

    tibetan = choose(
        rng.random(rows) < 0.3, two(_TIBETAN, _TIBETAN, MIDDLE_DOT), two(_TIBETAN, _TIBETAN, "")
    )
    names = two(_MONGOL, _MONGOL, MIDDLE_DOT)
    names = choose(ethnic == 7, two(_YI_CLANS, _YI_GIVEN, MIDDLE_DOT), names)
    names = choose(ethnic == 4, tibetan, names)
    return choose(ethnic == 5, two(_UYGHUR, _UYGHUR, MIDDLE_DOT), names)


def serials(rng: np.random.Generator, rows: int, width: int) -> pa.Array:
    """Random texts of upper-case letters and digits, for numbers that a system made up."""
    alphabet = np.frombuffer(b"0123456789ABCDEFGHJKLMNPQRTUWXY", np.uint8)
    return from_matrix(alphabet[rng.integers(0, len(alphabet), (rows, width))])
