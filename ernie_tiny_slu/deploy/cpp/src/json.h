// Copyright (c) the project's authors. Apache-2.0, see LICENSE.
// A small strict JSON reader (RFC 8259) for files that are not believed, and the writer's two pieces.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace slu::json {

constexpr int kDeepest = 64;  // nested brackets; a bundle's files have 4

enum class Kind { kNull, kBoolean, kInteger, kNumber, kString, kArray, kObject };

// A value. Members keep the order of the file. Strings are UTF-8, in which an escaped lone surrogate stands as its
// three bytes (see slu::decode).
struct Value {
  Kind kind = Kind::kNull;
  bool boolean = false;
  std::int64_t integer = 0;  // kInteger: the number, or the nearest end of int64
  double number = 0;         // kInteger and kNumber
  std::string string;
  std::vector<Value> items;
  std::vector<std::pair<std::string, Value>> members;

  bool is(Kind wanted) const { return kind == wanted; }
  const Value* find(std::string_view name) const;  // nullptr where an object has no such member
};

// Parses a whole document.
//
// Throws UserError with `where` and the line: not JSON, a name twice in an object, a number that is too large for a
// double, or brackets nested deeper than kDeepest.
Value parse(std::string_view text, const std::string& where);

// A string with its quotes; the bytes that Python's json.dumps(text, ensure_ascii=False) gives.
void append_string(std::string& out, std::string_view text);

// A share between 0 and 1 with 6 digits, as Python prints round(share, 6): 0.5, 1.0, 1e-05.
void append_share(std::string& out, double share);

// A value for a message: compact, on one line, at most 60 characters.
std::string show(const Value& value);

}  // namespace slu::json
