# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""The words of the sample: parts of made-up names, and sentences of made-up news with places for names.

{P} is a person, {L} a place, {O} an organisation; {n} a number, {y} a year, {w} a Latin word; {job}, {thing}, {day} and
the like are chosen from the lists of WORDS.
"""

SURNAMES = "赵 钱 孙 李 周 吴 郑 王 冯 陈 褚 卫 蒋 沈 韩 杨 朱 秦 许 何 吕 张 孔 曹 严 华 金 魏 陶 姜 欧阳 司马 上官"
GIVEN = "伟 芳 娜 敏 静 丽 强 磊 军 洋 勇 艳 杰 娟 涛 明 超 霞 平 刚 桂 英 文 辉 玲 建 国 志 宏 晓 春 雪 云 海 波 松"
FOREIGN = "卡 洛 斯 马 德 里 安 娜 尔 特 米 克 罗 伊 凡 诺 维 奇 布 鲁 塔 尼 格 雷 森 巴 菲 利 亚 迪"
PLACE_FIRST = "青 白 红 金 银 清 长 安 宁 新 古 石 双 云 龙 凤 东 西 南 北 临 永 太 兴 泰 和 玉 花 梅 松"
PLACE_SECOND = "山 河 江 水 源 城 阳 州 平 安 川 林 田 桥 湾 岭 溪 原 口 门"
PLACE_KINDS = "省 市 县 区 镇 村 港 湖 岛 山"
SUBJECTS = "钢铁 纺织 电子 化工 航空 石油 教育 体育 农业 水利 铁路 邮电 环境保护 民族 科学技术 外国语 师范 医科"
ORG_KINDS = "大学 学院 公司 集团 委员会 研究所 银行 出版社 医院 协会 总厂 管理局 代表团 足球队"
WORDS = {
    "job": "市长 县长 教授 记者 经理 主任 厂长 工程师 教练 队员 司机 医生 农民 作家 发言人 总统 部长 代表",
    "thing": "合作协议 改革方案 环境问题 产品质量 交通建设 农业生产 足球比赛 防洪工作 新书 展览 会谈 住房制度",
    "day": "今天 昨天 上午 下午 日前 近日 本月初 去年年底 今年春天 星期一",
    "act": "访问 参观 考察 视察 离开 到达 介绍 支持",
    "good": "很大 显著 明显 稳定 喜人 重要",
    "unit": "元 万元 公里 吨 人 亿美元 户 亩 名学生 台",
}
SENTENCES = """
{L}{job}{P}{day}会见了来访的{O}{job}{P}。
本报{L}{n}日电{job}{P}报道：{O}{day}在{L}成立。
{O}和{O}{day}在{L}签署了{thing}。
{P}说，{L}的{thing}取得了{good}的成果。
{day}，{job}{P}乘飞机{act}{L}。
据{O}统计，{y}年{L}有{n}{unit}。
{P}、{P}和{P}在{O}工作了{n}年。
{O}投资{n}{unit}，在{L}建设一座新工厂。
从{L}到{L}的公路长{n}公里，由{O}负责施工。
{P}（{y}年生于{L}）是{O}的{job}。
这些{thing}{good}，大家都很满意。
我们要认真研究{thing}，解决{good}的问题。
{day}气温下降，最低{n}度，请大家注意。
他{y}年毕业于{O}，后来到{L}当{job}。
{L}发生地震，{O}派出{n}人前往救援。
{O}{job}{P}指出：“{thing}是一件{good}的事情。”
{w}公司的{w}系统在{O}投入使用，价格为{n}{unit}。
编号为{w}－{n}的产品{day}在{L}展出。
{P}以{n}比{n}战胜{P}，获得{L}公开赛冠军。
{L}、{L}、{L}等地的{job}参加了{thing}。
{day}是一个好日子，工人们都来了。
增长百分之{n}，达到{n}{unit}，成绩{good}。
{O}的{P}向{L}人民表示感谢。
图为{P}在{L}{act}时的情景。{P}摄
{job}们在{L}的田里忙着，{n}{unit}的任务已经完成。
"""
