// Copyright (c) the project's authors. Apache-2.0, see LICENSE.
#include "check.h"
#include "error.h"
#include "json.h"
#include "text.h"

using slu::json::Kind;
using slu::json::parse;

namespace {

std::string share(double value) {
  std::string out;
  slu::json::append_share(out, value);
  return out;
}

std::string quoted(const std::string& text) {
  std::string out;
  slu::json::append_string(out, text);
  return out;
}

}  // namespace

TEST(values_are_read) {
  const auto value = parse(" {\"a\": [1, -2.5e1, true, false, null, \"x\"]}\n", "file");
  const auto& items = value.find("a")->items;
  EQUAL(items[0].integer, 1);
  EQUAL(items[1].number, -25.0);
  EQUAL(items[1].is(Kind::kNumber), true);
  EQUAL(items[2].boolean && !items[3].boolean && items[4].is(Kind::kNull), true);
  EQUAL(items[5].string, "x");
  EQUAL(value.find("b") == nullptr, true);
}

TEST(escapes_are_read) {
  EQUAL(parse(R"("\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00")", "file").string, "\"\\/\b\f\n\r\té😀");
  EQUAL(slu::decode(parse(R"("\ud800x\udc00")", "file").string) == (std::u32string{0xD800, U'x', 0xDC00}), true);
  EQUAL(parse(R"("\ud800\u0041")", "file").string.size(), 4u);
}

TEST(numbers_beyond_int64_stay_numbers) {
  EQUAL(parse("99999999999999999999", "file").integer, INT64_MAX);
  EQUAL(parse("-99999999999999999999", "file").integer, INT64_MIN);
  EQUAL(parse("1e-999", "file").number, 0.0);
  REFUSED(parse("1e999", "file"), "too large");
  REFUSED(parse(std::string(5000, '9'), "file"), "too large");
}

TEST(what_is_not_json_is_refused) {
  for (const char* text : {"",
                           " ",
                           "{",
                           "[",
                           "[1",
                           "[1,",
                           "[1,]",
                           "{\"a\"",
                           "{\"a\":",
                           "{\"a\": 1,}",
                           "{a: 1}",
                           "\"",
                           "\"\\",
                           "\"\\x\"",
                           "\"\\u12\"",
                           "\"\\u12g4\"",
                           "\"\\ud800\\u\"",
                           "\"\n\"",
                           "t",
                           "nul",
                           "NaN",
                           "Infinity",
                           "-",
                           "01",
                           "1.",
                           ".5",
                           "1e",
                           "+1",
                           "1 2",
                           "[] x",
                           "'a'"}) {
    REFUSED(parse(text, "file"), "file:");
  }
  REFUSED(parse("{\n\"a\": 1,\n\"a\": 2}", "file"), "file:3: not usable JSON: the name `a` stands there twice");
  REFUSED(parse(std::string(100000, '['), "file"), "nested too deep");
}

TEST(strings_are_written_as_python_writes_them) {
  EQUAL(quoted(std::string("\"\\/\n\r\t\b\f\x01\x1f\x7f\0é😀", 18)), R"("\"\\/\n\r\t\b\f\u0001\u001f)"
                                                                    "\x7f"
                                                                    R"(\u0000é😀")");
}

TEST(shares_are_written_as_python_writes_them) {
  EQUAL(share(0), "0.0");
  EQUAL(share(1), "1.0");
  EQUAL(share(0.5), "0.5");
  EQUAL(share(0.9999996), "1.0");
  EQUAL(share(0.1234564), "0.123456");
  EQUAL(share(0.1234566), "0.123457");
  EQUAL(share(0.0001), "0.0001");
  EQUAL(share(0.000099), "9.9e-05");
  EQUAL(share(0.00001), "1e-05");
  EQUAL(share(0.000012), "1.2e-05");
  EQUAL(share(0.0000051), "5e-06");
  EQUAL(share(0.0000001), "0.0");
}

int main() { return check::run(); }
