# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""What the made-up reviews of make_sample.py are about, and with which words; words are separated by spaces.

A facet says which words praise it and which ones blame it: `大` praises a room and blames its noise. `{rule}` in a word
stands for one of RULES; with `{d}`, a digit.
"""

from typing import NamedTuple


class Facet(NamedTuple):
    """Aspects that are judged by the same words. The words can be negated: `不贵` praises."""

    aspects: str
    good: str
    bad: str


FACETS = {
    "restaurant": [
        Facet("{way}{food} {way}{food} {food} {dish}", "好吃 入味 新鲜", "咸 难吃"),
        Facet("味道 口味 汤底 酱料 口感", "好 地道", "咸 差"),
        Facet("份量 菜量 量 菜品种类", "足 大 多 丰富", "少 小"),
        Facet("性价比 回头率 食材新鲜度", "高", "低"),
        Facet("排队时间 等位时间 等菜时间", "短", "长"),
        Facet("上菜速度 上菜 出餐 结账", "快 及时", "慢"),
        Facet("环境 大堂 包间 店面 用餐环境", "干净 舒服 宽敞", "吵 脏 旧"),
    ],
    "hotel": [
        Facet("房间 大床房 标间 {d}楼的房间 家庭房", "大 宽敞 干净 安静", "小 脏 吵"),
        Facet("噪音 烟味 马路上的声音 空调的声音", "小 轻", "大 重"),
        Facet("床 床垫 枕头 沙发", "舒服 软 干净", "硬 脏"),
        Facet("浴室 卫生间 淋浴房 毛巾", "干净 新", "脏 旧"),
        Facet("热水 电梯 入住 退房 办手续", "快 方便", "慢 麻烦"),
        Facet("早餐 自助餐 下午茶", "丰富 好吃 新鲜", "少 难吃"),
        Facet("WiFi wifi 网络 网速 WIFI信号", "快 稳定 流畅", "慢 卡"),
        Facet("楼层 隔音效果 入住体验", "高 好", "低 差"),
    ],
    "shop": [
        Facet("{colour}{cloth} {cloth} {cloth}的颜色 {cloth}的款式", "好看 合身", "难看"),
        Facet("面料 做工 质量 布料 针脚", "好 舒服 结实", "差 粗糙"),
        Facet("色差 色差问题 胶水味 异味", "小 轻", "大 重"),
        Facet("物流 发货 快递 送货 退款", "快 及时", "慢 麻烦"),
        Facet("款式 尺码 样式 可选的颜色", "多 新", "少 旧"),
        Facet("包装 盒子 礼盒", "精致 结实 好看", "粗糙 难看"),
        Facet("试衣间 店里 货架 卖场", "干净 宽敞", "脏 旧"),
    ],
    "electronics": [
        Facet("屏幕 显示屏 OLED屏 {d}{d}寸屏幕", "清晰 大 流畅", "模糊 卡"),
        Facet("续航 续航时间 待机时间 电池寿命", "长", "短"),
        Facet("充电 开机 打开APP 传文件 USB 5G网速", "快", "慢"),
        Facet("掉电 耗电 发烫 死机后重启", "慢 少", "快 多"),
        Facet("机身 {gadget} 电源 充电器", "轻 精致", "重 粗糙"),
        Facet("发热 风扇声音 风扇噪音 信号延迟", "小 低", "大 高"),
        Facet("系统 {gadget} 蓝牙 GPS Type-C接口", "稳定 流畅 方便", "卡 麻烦"),
        Facet("音质 拍照 摄像头 照片 耳机的声音", "清晰 好", "模糊 差"),
    ],
}
EVERYWHERE = [
    Facet("价格 价钱 消费 定价", "便宜 实惠", "贵 高"),
    Facet("服务 服务态度 {staff} {staff}", "热情 周到", "冷淡 差"),
    Facet("位置 地址 门店 停车场", "好找 近 方便", "远 难找"),
]

RULES = {
    "d": "1 2 3 4 5 6 7 8 9",
    "n": "{d} {d}{d} {d}0 {d}{d}8 两 三 五",
    "way": "红烧 清蒸 糖醋 麻辣 干锅 蒜蓉 铁板 椒盐 炭烤 酸汤 香煎 剁椒 葱油",
    "food": "排骨 鲈鱼 茄子 豆腐 大虾 鸡翅 土豆 牛肉 花甲 鱿鱼 羊排 蘑菇 鸭血 五花肉 猪脚 毛肚",
    "dish": "牛肉面 小笼包 烤鸭 冰粉 奶茶 芒果班戟 披萨 寿司 米线 双皮奶 锅贴 pizza",
    "colour": "黑色 白色 红 灰色 米色 蓝色 碎花 条纹",
    "cloth": "外套 裙子 T恤 衬衫 大衣 毛衣 牛仔裤 运动鞋 靴子 包包 围巾 帽子 polo衫",
    "gadget": "iPhone1{d} 手机 平板 iPad 笔记本 键盘 蓝牙耳机 智能手表 音箱 Mini{d} 路由器 投影仪",
    "staff": "老板 店员 服务员 前台 客服 小哥 经理 阿姨",
    "who": "朋友 同事 家人 闺蜜 老婆 孩子 男朋友 同学",
    "when": "周末 昨天 上周{d} 中午 下班后 {d}月{d}号 国庆 生日那天 今天{d}点多",
}

# Clauses that judge nothing. {good} and {bad} are words of the facets: hearsay, or about something else.
FILLERS = {
    "": [
        "{when}和{who}一起去的",
        "{who}推荐的",
        "这是第{d}次来了",
        "在APP上买的{n}元券",
        "网上都说{good}才来的",
        "上次去的那家{bad}得很",
        "本来担心会{bad}",
        "以为会很{good}",
        "{who}总嫌别家{bad}",
        "一共花了{n}块",
        "等了{d}{d}分钟",
    ],
    "restaurant": ["点了{n}个菜", "要了一份{dish}和{n}瓶可乐", "{n}个人吃的{way}{food}", "大众榜第{d}名的店"],
    "hotel": ["住了{n}晚", "订的是{d}楼", "出了地铁{d}号线B口就是", "房号{d}0{d}{d}", "早上{d}点退的房"],
    "shop": ["买了{n}件{cloth}", "我穿的是XL码", "给{who}买的{colour}{cloth}", "满{d}00减{d}0的时候下的单"],
    "electronics": [
        "用了{n}天",
        "买来给{who}用的",
        "256G的版本",
        "旧的是MacBook Pro {d}{d}寸",
        "从旧{gadget}换过来的",
        "双11入手的{gadget}",
    ],
}

# How a word is said with its own meaning, and turned round; `|` lies between two ways, `*` is the word.
PLAIN = "*|很*|非常*|特别*|挺*的|真的很*|比较*|超级*|太*了|*得很|*极了|不是一般的*"
NEGATED = "不*|不太*|不怎么*|一点也不*|并不*|没有想象中*|没有图片上那么*|谈不上*|没那么*"
FOR_PRAISE = "不要太*|相当*|确实挺*|*得没话说"
FOR_BLAME = "有点*|有点太*|偏*|略*"
# Whole judgements that fit everything; some praise has a `不`, too.
ALWAYS_GOOD = "不错 很不错 真心不错 没话说 让人满意 挑不出毛病 超出预期 好得没法说 值得夸一夸 没让人失望"
ALWAYS_BAD = "一般 让人失望 不敢恭维 有待提高 不尽人意 一言难尽 没什么特别 好不到哪去 不值得夸"
BETWEEN = "也 真的 感觉 整体 这次 依旧 对我来说 说实话 一直都"

TO_BLAME = "但是 就是 可惜 不过 只是 唯独"
TO_PRAISE = "不过 好在 但 还好 但是"
GOING_ON = "而且 还有 另外 再说"
GOOD_ENDS = "会再来的 推荐 下次还选这家 值得一去 点赞 五星好评 good"
BAD_ENDS = "不会再来了 不推荐 再也不买了 拔草 给{d}星都嫌多"
STOPS = "。 。 。 ！ ！！ ～ … 😊 👍 ~"
