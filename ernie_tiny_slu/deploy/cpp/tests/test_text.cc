// Copyright (c) the project's authors. Apache-2.0, see LICENSE.
#include "check.h"
#include "error.h"
#include "files.h"
#include "temporary.h"
#include "text.h"

TEST(bytes_that_are_not_utf8_are_found) {
  const auto fault = [](const std::string& text) { return slu::first_invalid_byte(text); };
  for (const char* good : {"", "a", "é", "的", "😀", "\xF4\x8F\xBF\xBF", "\xED\x9F\xBF", "\xEE\x80\x80"}) {
    EQUAL(fault(good), slu::kAllValid);
  }
  EQUAL(fault("ab\xFF"), 2u);
  EQUAL(fault("\x80"), 0u);              // a continuation without its beginning
  EQUAL(fault("a\xE7\x9A"), 1u);         // cut
  EQUAL(fault("\xC0\x80"), 0u);          // overlong
  EQUAL(fault("\xE0\x80\x80"), 0u);      // overlong
  EQUAL(fault("\xF0\x80\x80\x80"), 0u);  // overlong
  EQUAL(fault("\xED\xA0\x80"), 0u);      // a surrogate
  EQUAL(fault("\xF4\x90\x80\x80"), 0u);  // above 10FFFF
  EQUAL(fault("\xF5\x80\x80\x80"), 0u);
  EQUAL(fault("\xE7\x9A"
              "a"),
        0u);
}

TEST(code_points_come_back) {
  std::u32string all;
  for (char32_t code = 0; code <= 0x10FFFF; code += 7) all.push_back(code);
  EQUAL(slu::decode(slu::encode(all)) == all, true);
  EQUAL(slu::decode("\xFF\xE7").size() <= 2, true);  // no crash on what was not checked
}

TEST(a_strangers_text_is_shown_on_one_short_line) {
  EQUAL(slu::show("a\n\x1B[2Jb"), "`a\\u000a\\u001b[2Jb`");
  EQUAL(slu::decode(slu::show(std::string(100000, 'x'))).size(), 60u);
  EQUAL(slu::show("的\xE2\x80\xAE"), "`的\\u202e`");
}

TEST(the_nearest_word_is_offered) {
  EQUAL(slu::did_you_mean("--bachend", {"--bundle", "--backend"}), " (did you mean `--backend`?)");
  EQUAL(slu::did_you_mean("xyz", {"--bundle"}), "");
}

TEST(lines_are_split_as_python_splits_them) {
  using Lines = std::vector<std::string>;
  EQUAL(slu::split_lines(""), Lines{""});
  EQUAL(slu::split_lines("a\n\r\nb\r\n"), (Lines{"a", "", "b"}));
  EQUAL(slu::split_lines("a\n\n"), (Lines{"a", ""}));
  EQUAL(slu::split_lines("a\r\r"), Lines{"a\r"});
}

TEST(files_name_their_fault) {
  const Temporary folder;
  REFUSED(slu::read_text(folder.write("text", "ab\nc\xB7\xC5"), "input file"), "text:2: byte 4 (0xb7) is not UTF-8");
  REFUSED(slu::read_text(folder.path() + "/none", "input file"), "/none: no such input file; ");
  REFUSED(slu::read_text(folder.path() + "/none", "input file"), "/ holds: text");
  REFUSED(slu::read_text(folder.path(), "input file"), "is a folder");
  EQUAL(slu::read_text(folder.write("marked",
                                    "\xEF\xBB\xBF"
                                    "a"),
                       "file"),
        "a");
}

TEST(sha256_of_the_standards_examples) {
  EQUAL(slu::sha256(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EQUAL(slu::sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EQUAL(slu::sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  const Temporary folder;
  const std::string path = folder.write("million", std::string(1'000'000, 'a'));
  EQUAL(slu::sha256_of_file(path), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

int main() { return check::run(); }
