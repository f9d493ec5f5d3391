"""Traditional and variant characters of names as their common forms, for matching keys only.

A clean value keeps the characters that its owner registered; a key does not, because one department
types 劉 or 峯 where another types 刘 or 峰. The table holds what occurs in names: surnames, given
names and words of organisation names. Characters that 通用规范汉字表 (2013) reinstated for names
(喆 堃 淼 昇 犇 …) are names of their own and are not in it.
"""

import ibis
import ibis.expr.types as ir

_PAIRS = (
    "張张陳陈劉刘黃黄趙赵吳吴孫孙馬马羅罗鄭郑謝谢許许鄧邓馮冯韓韩蕭萧葉叶蔣蒋蘇苏呂吕盧卢鍾钟鐘钟譚谭陸陆賈贾韋韦鄒邹閻阎龍龙陶陶"
    "賀贺顧顾龔龚萬万錢钱嚴严賴赖湯汤溫温齊齐喬乔龐庞顏颜莊庄聶聂魯鲁歐欧陽阳關关詹詹車车連连樂乐費费藍蓝壽寿應应衛卫單单興兴"
    "華华國国偉伟強强軍军傑杰濤涛輝辉勳勋勛勋東东榮荣麗丽艷艳紅红蘭兰鳳凤瓊琼穎颖慶庆貴贵財财寶宝賢贤義义禮礼誠诚愛爱學学"
    "飛飞鵬鹏鴻鸿鶴鹤鷹鹰獅狮麟麟瑋玮璽玺瑩莹環环珮佩琺珐雲云電电靈灵靜静順顺頌颂頓顿類类風风馳驰駿骏驊骅"
    "蓮莲蔭荫蘊蕴薈荟蓋盖莉莉蒼苍葦苇節节築筑範范簡简籌筹紀纪純纯紹绍紳绅結结絢绚維维綱纲綸纶緒绪線线績绩總总繼继續续纓缨"
    "記记訓训詠咏詩诗話话誼谊調调諾诺謀谋謙谦講讲譽誉護护讓让貞贞負负貢贡資资賓宾質质贊赞進进運运達达遠远選选遷迁遼辽"
    "銀银銘铭銳锐鋒锋鋼钢錄录錦锦鎮镇鏡镜鐵铁鑫鑫長长門门閃闪開开閒闲間间閩闽閣阁闊阔陰阴隊队階阶際际隨随險险隱隐"
    "業业機机構构標标樹树樓楼權权歡欢歲岁歷历歸归殷殷畢毕氣气漢汉潔洁潤润澤泽澄澄濟济濱滨瀾澜灣湾灝灏為为煒炜燁烨營营"
    "爾尔牽牵獻献現现產产畫画當当發发盤盘監监眾众礦矿碩硕確确祿禄禎祯種种稱称穩稳竇窦競竞筆笔節节"
    "聖圣聯联聰聪聲声職职肅肃膽胆臨临舉举舊旧藝艺藥药蘆芦處处號号虛虚術术衝冲裝装裡里製制複复見见規规視视覺觉覽览觀观"
    "備备價价億亿優优儀仪儲储兒儿內内兩两冊册凱凯別别則则剛刚創创劃划劇剧動动務务勝胜勞劳勵励勁劲區区協协卻却參参"
    "員员問问啟启喬乔嘆叹團团園园圓圆圖图場场塊块報报墾垦壇坛壯壮夢梦奧奥奮奋婦妇媽妈嬌娇嬋婵嫻娴孌娈寧宁實实審审寫写對对導导"
    "層层屬属島岛峽峡嶺岭嶽岳幣币師师帶带幫帮廠厂廣广廳厅張张彌弥彥彦後后從从復复徵征德德恆恒憲宪應应懷怀"
    "戰战戲戏撫抚擇择擔担據据擴扩攝摄敵敌數数斷断於于時时晉晋曉晓曄晔暉晖會会書书"
    "竝并並并佈布尅克埜野崑昆崙仑峯峰嵗岁廼乃愼慎慾欲戶户戸户敎教晧皓朙明栢柏棊棋櫂棹濬浚煇辉"
    "燿耀牕窗珎珍畧略疎疏癡痴盃杯矦侯硏研祕秘禩祀秌秋穀谷竢俟箇个粧妆綵彩緜绵羣群翶翱耑专脩修舘馆艸草芲花菴庵蔴麻蘓苏"
    "虵蛇衞卫覩睹諠喧讃赞貍狸賛赞軀躯逈迥遊游郷乡鄰邻醻酬釆采鉢钵銹锈鍳鉴閤阁陞升隄堤雋隽霛灵靑青鞏巩韻韵飃飘飱餐驩欢骾鲠髙高"
    "鬪斗魏魏鯤鲲鴈雁鷄鸡麐麟麴曲黃黄黒黑齡龄亙亘亞亚仝同伕夫侖仑俠侠倫伦偘侃傳传僑侨儁俊儼俨兎兔冄冉冨富凢凡刄刃匯汇"
)


def _forms() -> dict[str, str]:
    pairs = zip(_PAIRS[::2], _PAIRS[1::2], strict=True)
    return {variant: common for variant, common in pairs if variant != common}


_FORMS = _forms()
_FROM, _TO = "".join(_FORMS), "".join(_FORMS.values())
VARIANTS = "".join(sorted(_FORMS))
_CLASS = "[" + "".join(sorted(_FORMS)) + "]"


def unify_variants(s: ir.StringValue) -> ir.StringValue:
    """Every traditional or variant character of the table as its common form."""
    return ibis.ifelse(s.re_search(_CLASS), s.translate(_FROM, _TO), s)
