// Copyright (c) the project's authors. Apache-2.0, see LICENSE.
// A value inside a JSON file together with its path there, so that a refusal can name it.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "json.h"

namespace slu {

class Place {
 public:
  static constexpr std::int64_t kLargest = std::int64_t{1} << 40;  // no size or count in a bundle comes near it

  Place(const json::Value& value, std::string file, std::string path = "")
      : value_(&value), file_(std::move(file)), path_(std::move(path)) {}

  const json::Value& value() const { return *value_; }
  const std::string& file() const { return file_; }

  [[noreturn]] void refuse(const std::string& why) const;  // throws UserError: file, path, what stands there, why not

  Place operator[](const std::string& key) const;  // throws UserError where the object has no such member
  bool has(std::string_view key) const;            // and it is not null

  const Place& object() const;
  const Place& array() const;
  std::vector<Place> entries() const;  // of an array, or of an object

  bool boolean() const;
  const std::string& text() const;  // not blank, no half of a surrogate pair
  const std::string& one_of(std::initializer_list<const char*> words) const;
  std::int64_t count(std::int64_t least = 1) const;
  double number() const;  // finite and not beyond kLargest
  std::int64_t integer() const;

  static constexpr std::size_t kAnyLength = static_cast<std::size_t>(-1);
  // Throws UserError unless it is an array (of that length).
  std::vector<Place> list(std::size_t length = kAnyLength) const;

 private:
  const json::Value* value_;
  std::string file_, path_;
};

}  // namespace slu
