// Copyright (c) the project's authors. Apache-2.0, see LICENSE.
#include "json.h"

#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <set>

#include "error.h"
#include "text.h"

namespace slu::json {
namespace {

class Parser {
 public:
  Parser(std::string_view text, const std::string& where) : text_(text), where_(where) {}

  Value document() {
    Value value = this->value(0);
    skip_space();
    if (place_ != text_.size()) fail("something stands behind the value");
    return value;
  }

 private:
  [[noreturn]] void fail(const std::string& why) const {
    std::size_t line = 1;
    for (const char letter : text_.substr(0, place_)) line += letter == '\n';
    throw UserError(where_ + ":" + std::to_string(line) + ": not usable JSON: " + why);
  }

  char peek() const { return place_ < text_.size() ? text_[place_] : '\0'; }

  void skip_space() {
    while (place_ < text_.size() && std::string_view(" \t\n\r").find(text_[place_]) != std::string_view::npos) ++place_;
  }

  void expect(char letter) {
    skip_space();
    if (peek() != letter || place_ == text_.size()) fail(std::string("expected `") + letter + "`");
    ++place_;
  }

  // True if the list goes on, false at its end.
  bool more(char end) {
    skip_space();
    if (peek() == end) {
      ++place_;
      return false;
    }
    expect(',');
    return true;
  }

  bool at_end(char end) {
    skip_space();
    if (peek() != end) return false;
    ++place_;
    return true;
  }

  Value value(int depth) {
    if (depth > kDeepest) fail("nested too deep");
    skip_space();
    switch (peek()) {
      case '{':
        return object(depth);
      case '[':
        return array(depth);
      case '"': {
        Value value;
        value.kind = Kind::kString;
        value.string = string();
        return value;
      }
      case 't':
        return word("true", Kind::kBoolean, true);
      case 'f':
        return word("false", Kind::kBoolean, false);
      case 'n':
        return word("null", Kind::kNull, false);
      default:
        return number();
    }
  }

  Value object(int depth) {
    Value value;
    value.kind = Kind::kObject;
    std::set<std::string> names;
    expect('{');
    if (at_end('}')) return value;
    do {
      skip_space();
      if (peek() != '"') fail("expected a name in quotes");
      std::string name = string();
      if (!names.insert(name).second) fail("the name " + slu::show(name) + " stands there twice");
      expect(':');
      value.members.emplace_back(std::move(name), this->value(depth + 1));
    } while (more('}'));
    return value;
  }

  Value array(int depth) {
    Value value;
    value.kind = Kind::kArray;
    expect('[');
    if (at_end(']')) return value;
    do {
      value.items.push_back(this->value(depth + 1));
    } while (more(']'));
    return value;
  }

  Value word(std::string_view word, Kind kind, bool boolean) {
    if (text_.substr(place_, word.size()) != word) fail("expected a value");
    place_ += word.size();
    Value value;
    value.kind = kind;
    value.boolean = boolean;
    return value;
  }

  std::size_t digits() {
    const std::size_t begin = place_;
    while (peek() >= '0' && peek() <= '9') ++place_;
    if (begin == place_) fail(begin == text_.size() ? "it ends too early" : "expected a value");
    return place_ - begin;
  }

  Value number() {
    const std::size_t begin = place_;
    Value value;
    value.kind = Kind::kInteger;
    if (peek() == '-') ++place_;
    const bool zero = peek() == '0';
    if (digits() > 1 && zero) fail("a number begins with 0");
    if (peek() == '.') {
      value.kind = Kind::kNumber;
      ++place_;
      digits();
    }
    if (peek() == 'e' || peek() == 'E') {
      value.kind = Kind::kNumber;
      ++place_;
      if (peek() == '+' || peek() == '-') ++place_;
      digits();
    }
    const char* first = text_.data() + begin;
    const char* last = text_.data() + place_;
    if (std::from_chars(first, last, value.number).ec != std::errc()) {
      value.number = std::strtod(std::string(first, last).c_str(), nullptr);  // 0 or infinite
      if (!std::isfinite(value.number)) fail("a number is too large");
    }
    if (value.kind == Kind::kInteger && std::from_chars(first, last, value.integer).ec != std::errc()) {
      using Limits = std::numeric_limits<std::int64_t>;
      value.integer = *first == '-' ? Limits::min() : Limits::max();
    }
    return value;
  }

  char32_t hex4() {
    if (text_.size() - place_ < 4) fail("a \\u escape has four digits");
    unsigned code = 0;
    const char* first = text_.data() + place_;
    const auto end = std::from_chars(first, first + 4, code, 16);
    if (end.ec != std::errc() || end.ptr != first + 4) fail("a \\u escape has four digits");
    place_ += 4;
    return code;
  }

  void escape(std::string& out) {
    const char kind = peek();
    ++place_;
    static constexpr std::string_view kShort = "\"\\/bfnrt", kMeant = "\"\\/\b\f\n\r\t";
    const std::size_t at = kShort.find(kind);
    if (kind != '\0' && at != std::string_view::npos) {
      out.push_back(kMeant[at]);
      return;
    }
    if (kind != 'u') fail("an unknown escape");
    char32_t code = hex4();
    if (code >= 0xD800 && code < 0xDC00 && text_.substr(place_, 2) == "\\u") {
      const std::size_t back = place_;
      place_ += 2;
      const char32_t low = hex4();
      if (low >= 0xDC00 && low <= 0xDFFF) {
        code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
      } else {
        place_ = back;
      }
    }
    append(out, code);
  }

  std::string string() {
    std::string out;
    ++place_;
    while (true) {
      if (place_ >= text_.size()) fail("a string has no end");
      const char letter = text_[place_++];
      if (letter == '"') return out;
      if (static_cast<unsigned char>(letter) < 0x20) fail("a control character in a string");
      if (letter == '\\') {
        if (place_ >= text_.size()) fail("a string has no end");
        escape(out);
      } else {
        out.push_back(letter);
      }
    }
  }

  std::string_view text_;
  const std::string& where_;
  std::size_t place_ = 0;
};

// Stops as soon as it is long enough for a message.
void append_compact(std::string& out, const Value& value) {
  if (out.size() > 80) return;
  switch (value.kind) {
    case Kind::kNull:
      out += "null";
      return;
    case Kind::kBoolean:
      out += value.boolean ? "true" : "false";
      return;
    case Kind::kInteger:
    case Kind::kNumber: {
      char digits[40];
      std::snprintf(digits, sizeof digits, "%.17g", value.number);
      out += digits;
      return;
    }
    case Kind::kString:
      out += slu::show(value.string);
      return;
    case Kind::kArray:
      out.push_back('[');
      for (const Value& item : value.items) {
        if (&item != &value.items.front()) out += ", ";
        if (out.size() > 80) return;
        append_compact(out, item);
      }
      out.push_back(']');
      return;
    case Kind::kObject:
      out.push_back('{');
      for (const auto& member : value.members) {
        if (&member != &value.members.front()) out += ", ";
        if (out.size() > 80) return;
        out += slu::show(member.first) + ": ";
        append_compact(out, member.second);
      }
      out.push_back('}');
      return;
  }
}

}  // namespace

const Value* Value::find(std::string_view name) const {
  for (const auto& [key, value] : members) {
    if (key == name) return &value;
  }
  return nullptr;
}

Value parse(std::string_view text, const std::string& where) { return Parser(text, where).document(); }

void append_string(std::string& out, std::string_view text) {
  out.push_back('"');
  for (const char letter : text) {
    static constexpr std::string_view kMeant = "\"\\\b\f\n\r\t", kShort = "\"\\bfnrt";
    const std::size_t at = kMeant.find(letter);
    if (at != std::string_view::npos) {
      out.push_back('\\');
      out.push_back(kShort[at]);
    } else if (static_cast<unsigned char>(letter) < 0x20) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(letter));
      out += escape;
    } else {
      out.push_back(letter);
    }
  }
  out.push_back('"');
}

void append_share(std::string& out, double share) {
  auto millionths = static_cast<std::int64_t>(std::floor(share * 1e6 + 0.5));
  if (millionths > 0 && millionths < 100) {  // below 1e-4 Python takes an exponent: 9.9e-05, 1e-05, 5e-06
    const std::int64_t first = millionths < 10 ? millionths : millionths / 10;
    const std::int64_t second = millionths < 10 ? 0 : millionths % 10;
    out += std::to_string(first);
    if (second != 0) out += "." + std::to_string(second);
    out += millionths < 10 ? "e-06" : "e-05";
    return;
  }
  char digits[32];
  std::snprintf(digits, sizeof digits, "%lld.%06lld", static_cast<long long>(millionths / 1000000),
                static_cast<long long>(millionths % 1000000));
  std::string_view spelled(digits);
  while (spelled.back() == '0' && spelled[spelled.size() - 2] != '.') spelled.remove_suffix(1);
  out += spelled;
}

std::string show(const Value& value) {
  std::string text;
  append_compact(text, value);
  if (text.size() <= 60) return text;
  std::size_t cut = 57;  // not inside a character
  while ((static_cast<unsigned char>(text[cut]) & 0xC0) == 0x80) --cut;
  return text.substr(0, cut) + "...";
}

}  // namespace slu::json
