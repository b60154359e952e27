# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Write vocab.txt and tokenizer.jsonl, the vectors that every client's tokenizer is tested against.

tests/common/data/test_tokenizer.py holds the ids against PaddleNLP's ErnieTokenizer, so this file may be made again
safely:

    python tests/golden/make_golden.py

A line of tokenizer.jsonl is {"text", "max_length" (or null), "ids", "offsets", "truncated"}, ASCII only. Offsets count
code points, not UTF-16 units and not bytes. Lone surrogates cannot stand in UTF-8: Python alone tests those.
"""

import json
import random
import string
from pathlib import Path

from common import files
from common.data.tokenizer import WordPieceTokenizer

HERE = Path(__file__).resolve().parent
HANZI = (
    "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所然家种事成方多经么去法学如都同"
    "现当没动面起看定天分还进好小部其些主样理心本前开但因只从想实日军者意无力它与长把机十民第公此已工使情明性知全三又关点正业外将两高间由问很"
    "最重并物手应战向头文体政美相见被利什二等产或新己制身果加西斯月话合回特代内信表化老给世位次度门任常先海通教儿原东声提立及比员解水名真论处走"
    "义各入几口认条平系气题活尔更别打女变四神总何电数安少报才结反受目太量再感建务做接必场件计管期市直德资命山金指克许统区保至队形社便空决治展马"
    "放播唱歌曲首听音乐导航取消拨停暂下一集周杰伦华健花刘王菲谢霆锋陈奕迅李宗盛邓丽君五六七八九零百千万亿元点半导车站路街桥机场酒店医院银行学校"
    "附近最近公里速红绿灯左右转直走返继续换循环随停退打电话号码给妈爸哥姐弟妹爷奶宝贝老师傅北京上海深圳广州杭南京苏武汉成都西安重庆津"
    "喜欢爱恋悲伤快慢摇滚民谣粤语英儿童睡前故事古典吉他钢琴小提琴排行榜热门经典网络流轻情歌"
)
WORDS = (
    "the of and to in is you that he was for on are with his they at be this have from or one had by word but not "
    "what all were we when your can said there use an each which she do how their if will up other about out many "
    "then them these so some her would make like him into time has look two more write go see number no way could "
    "people my than first water been call who oil its now find long down day did get come made may part play song "
    "music hello world love call stop next radio taxi navigate hotel baby beyond taylor swift cafe naive uber "
    "strasse co op am pm km mp gps usb app qq wifi ktv mv dj ok"
)
PIECES = (
    "ing ed er est ly s es tion able un re ness ment al ive ous ful less ate ise ize fi th nd st rd app ball light way "
    "port 00 000 10 19 20 88 90 99 mhz hz"
)
OTHERS = (
    ".,!?;:'\"()[]{}<>/\\|@#$%^&*-_=+~`"  # ASCII symbols
    "，。！？；：、“”‘’（）【】《》…—·￥～〇"  # Chinese punctuation, full-width forms
    "\u00b2\u00ba\u00b5\u014b\u00d7\u00f7\u00a9\u20ac\u2103\u2192\u2605\u266a\u4dff\ua490"  # symbols of all four kinds
    "\U0001f600\U0001f3b5\U0001f44d\U0001f3fb"  # emoji and a skin tone
    "αβγδεζηθικλμνξοπρστυφχψωςабвгдежзийклмнопрстуфхцчшщъыьэюя"
    "ßøđłıæœþð"
    "あいうえおかきくけこさしすせそなにのまをんアイウエオカキクケコッヴラン・ー"
    "\u1112\u1161\u11ab\u1100\u116e\u11a8\u110b\u1165\u1102\u1167\u1109\u1173"  # Hangul, decomposed
    "כהאבگिा१٣²"
    "\uff10\uff11\uff12\uff41\uff42\uff43"  # full-width digits and letters (small)
    "ⅷⅳ①½"
    "\u8c48\u66f4\U00020000\U0002a6d6\U0001d157\U0001d165\u302e"
)


def vocabulary() -> list[str]:
    """Special tokens, characters, pieces that follow, words."""
    letters = [
        c for c in OTHERS if (c.isalpha() or c.isnumeric()) and not "\u3400" <= c <= "\u9fff" and c < "\U00020000"
    ]
    joining = [*letters, "\u302e", "\u093e", "\u093f", "\U0001d165"]
    tokens = ["[PAD]", "[CLS]", "[SEP]", "[MASK]", "[UNK]", *HANZI, *string.digits, *string.ascii_lowercase, *OTHERS]
    tokens += ["##" + c for c in string.digits + string.ascii_lowercase] + ["##" + c for c in joining]
    tokens += WORDS.split() + ["##" + piece for piece in PIECES.split()]
    tokens += ["2020", "110", "mp3", "100", "αυ", "##ος"]
    return list(dict.fromkeys(tokens))


def texts() -> list[tuple[str, int | None]]:
    """Written cases first, then mixtures of them."""
    cases: list[tuple[str, int | None]] = [(text, None) for text in WRITTEN]
    cases += [(text, length) for text in CUT for length in (2, 3, 4, 5, 8, 16)]
    choose = random.Random(2020)
    fragments = [text for text in WRITTEN if 0 < len(text) < 20]
    while len(cases) < 320:
        parts = choose.choices(fragments, k=choose.randint(2, 4))
        joint = choose.choice(["", "", " ", "\u3000", "\u200b"])
        cases.append((joint.join(parts), choose.choice([None, None, 6, 12, 16])))
    return cases


WRITTEN = [
    # nothing to read
    "", " ", "   ", "\t", "\n", "\r\n", "\u3000", "\u00a0\u2003", "\0", "\0\0\0", "\u200b", "\ufeff", "\u00ad",
    "\u0301", "\u0300\u0301",
    "\u2028", "\u2029", "\u0085", "\x1c\x1d\x1e\x1f", "\ufffd", "\ufffd\0 \ufffd", "\ufe0f", "\u200d",
    "\ue000\uf8ff", "\U000e0001",
    # Chinese commands
    "来一首周华健的花心", "播放刘德华的歌", "导航到北京西站", "取消导航", "下一首", "打电话给妈妈", "停",
    "随便放点音乐", "我想听周杰伦的歌",
    "导航到 最近的 酒店", "　播放　音乐　", "你好，世界！", "“听歌”《花心》……", "去一二三四五六七八九零〇路",
    "鼕鑫犇淼",
    # digits
    "13800", "拨打13800", "打电话给13800138000", "110", "1100", "拨打110吧", "2020年1月20日", "3.14",
    "1,000,000", "99%", "-5℃", "100.5mhz",
    "mp3", "MP3播放", "5公里", "0", "00", "000000", "12:30", "１２０", "拨打１１０", "①②", "½", "Ⅷ", "10²",
    "x²+y²", "३१", "٣", "1º",
    # English
    "hello", "Hello World", "HELLO", "hellO,wOrld!", "playing", "unable", "uneatable", "taylor swift",
    "Taylor Swift的Love Story", "i'm", "co-op",
    "播放taylor的love", "wifi密码", "QQ音乐", "KTV", "the\tthe\nthe\rthe", "a b c", "abc", "abcdefg", "xyz",
    "zzzz", "GPS导航", "USB-C", "e.g.",
    "http://a.b/c?d=e&f=g#h", "me@co.com", "C++", "C#", "a_b", "[x]", "{a|b}", "~`^", "$5", "<song>", "\\n",
    "'\"", "##a", "a##b", "##的",
    # special tokens written by a user are plain text
    "[MASK]", "[CLS]", "[SEP]", "[PAD]", "[UNK]", "我[MASK]你", "[mask]", "[CLS]你好[SEP]", "a[SEP]b",
    "[ MASK ]",
    # symbols that ERNIE's tokenizer splits off
    "a×b÷c", "©me", "5€", "25℃", "→下一首→", "★★★", "♪音乐♪", "µ", "5µm", "Ø", "aØb", "Ŋ", "aŊb", "ŋ", "Ʊ", "º",
    "\u00b5\u03bc", "A\u00adB", "〇〇〇",
    # emoji
    "😀", "播放🎵音乐", "👍🏻", "👨\u200d👩\u200d👧", "❤\ufe0f", "🇨🇳", "hello😀world", "😀😀😀",
    "1\ufe0f\u20e3",
    # full-width forms are letters of their own: lower-cased, not folded to ASCII
    "ａｂｃ", "ＡＢＣ", "Ａb", "（你好）", "你好！？", "～￥", "ＱＱ音乐", "，", "ｶﾞ",
    # control and format characters
    "你\0好", "你\u200b好", "你\u200d好", "a\0b", "a\u200bb", "a\u00adb", "a\x07b", "a\x7fb", "a\u0085b",
    "\ufeff你好", "a\ufeffb", "a\u2060b", "\x01\x02\x03a",
    "a\u2028b", "a\u2029b", "a\x0bb", "a\x0cb", "a\u1680b", "a\u202fb", "a\u180eb", "a\u2000b", "a\u205fb",
    "你 \0 好", "ab\ufffdc", "1\ue0002",
    "a\u0378b", "a\U000e0061b", "\U0010ffff", "\uffff", "a\ufdd0b", "你\n\n好\r\n",
    # accents: composed, decomposed, several
    "café", "cafe\u0301", "CAFÉ", "naïve", "Ünïcödé", "e\u0301e\u0300", "\u0301a", "a\u0301\u0302\u0303b", "Ǆ",
    "ǅ", "ﬁ", "ſ", "ÅÅ", "K", "ẞ", "ß", "STRASSE", "straße",
    "İstanbul", "I\u0307", "ı", "đ", "Ł", "œuvre", "Æ", "ø", "ñandú", "ệ", "Việt Nam", "d\u0323\u0307",
    "d\u0307\u0323", "≮", "≠", "a≠b", "ά", "ΐ", "\u0385", "\u037e",
    "\u1fef", "\u212b", "\u2126", "\u1fc1", "\u0344", "Й", "й", "Ё",
    # Greek: no final-sigma rule; Cyrillic, Hebrew with points, Arabic, Indic marks
    "Σ", "ΑΥΤΟΣ", "ΟΔΟΣ", "οδος", "ς", "ΣΣ", "ΣΑΣ", "αυτος", "МОСКВА", "Привет", "כּ", "הָא", "گ", "अ", "कि",
    "का", "\u09cb", "๏", "ก็",
    # Hangul, kana
    "한국어", "한", "국", "하", "각", "힣", "가힣", "\u1112\u1161\u11ab", "ㅎ", "서울", "ひらがな", "カタカナ",
    "ガギグ", "か\u3099", "が", "ラーメン", "・", "ヴ", "ｱｲｳ", "あ〇い",
    # ideographs outside the main block; compatibility forms; blocks that are not CJK to the tokenizer
    "㐀", "㐀㐁", "䶿", "鿼", "鿽", "\u9fff", "𠀀", "𪛖", "𪜀", "豈", "更", "\ufa0e", "\ufa6e", "\U0002f800",
    "a豈b", "⺀", "⼀", "㈱", "㎡", "々", "仝", "ㄅ", "꒐", "䷿", "\U00030000",
    # musical symbols that decompose into a symbol and a mark that joins
    "\U0001d15e", "\U0001d160", "a\U0001d15eb", "\U0001d157\U0001d165", "한\u302e",
    # long words and long texts
    "a" * 99, "a" * 100, "a" * 101, "a" * 100 + "," + "b" * 101, "1" * 101, "各" * 101, "各" * 50,
    "\u00e9" * 101, "한" * 33, "한" * 34, "a\u0301" * 100, "a b " * 30,
]  # fmt: skip
CUT = [
    "来一首周华健的花心", "拨打13800138000", "13800", "playing the song", "你好", "",
    "a" * 101 + "b c", "한국어", "\0你\0好\0吗 ",
]  # fmt: skip


def main() -> None:
    files.write_text(HERE / "vocab.txt", "\n".join(vocabulary()) + "\n")
    tokenizer = WordPieceTokenizer(HERE / "vocab.txt")
    lines = []
    for text, max_length in texts():
        encoding = tokenizer.encode(text, max_length)
        lines.append(json.dumps({"text": text, "max_length": max_length, **encoding._asdict()}))
    files.write_text(HERE / "tokenizer.jsonl", "\n".join(lines) + "\n")
    print(f"{len(tokenizer)} tokens, {len(lines)} vectors")


if __name__ == "__main__":
    main()
