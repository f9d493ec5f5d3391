"""Forms of address: 王先生, 欧阳女士, 王哥, 老王 say a surname and are no name."""

from pipelines.clean.surnames import SURNAMES

# How people are called behind a name; the kin of one character stand behind a surname alone.
TITLES = (
    "先生|女士|小姐|太太|夫人|同志|老师|师傅|阿姨|大哥|大姐|大爷|大妈|大娘|大叔|大婶|大嫂|大伯|老板|经理|主任"
    "|医生|大夫|老汉|老太|董事长|总经理|执行董事"
)
COMPOUND_SURNAMES = (
    "欧阳|上官|司马|司徒|诸葛|皇甫|尉迟|令狐|慕容|东方|夏侯|公孙|长孙|宇文|南宫|端木"
)
_WHO = f"^(?:.|{COMPOUND_SURNAMES})"
FORM_OF_ADDRESS = f"{_WHO}(?:{TITLES})$|{_WHO}[哥姐叔婶嫂姨爷]$|^老[{SURNAMES}]$"
