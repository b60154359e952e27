// Copyright (c) the project's authors. Apache-2.0, see LICENSE.
#include "place.h"

#include <algorithm>
#include <cmath>

#include "error.h"
#include "text.h"

namespace slu {

using json::Kind;

void Place::refuse(const std::string& why) const {
  const std::string shown = json::show(*value_);
  throw UserError(file_ + ": " + (path_.empty() ? "holds " : "`" + path_ + "` is ") + shown + "; " + why);
}

Place Place::operator[](const std::string& key) const {
  if (const json::Value* found = value_->find(key)) {
    return Place(*found, file_, path_.empty() ? key : path_ + "." + key);
  }
  std::vector<std::string> known;
  for (const auto& member : value_->members) known.push_back(member.first);
  throw UserError(file_ + ": " + (path_.empty() ? "" : "`" + path_ + "` has ") + "no key `" + key + "`" +
                  did_you_mean(key, known) + "; export the bundle again");
}

bool Place::has(std::string_view key) const {
  const json::Value* found = value_->find(key);
  return found && !found->is(Kind::kNull);
}

const Place& Place::object() const {
  if (!value_->is(Kind::kObject)) refuse("it must be an object");
  return *this;
}

const Place& Place::array() const {
  if (!value_->is(Kind::kArray)) refuse("it must be a list");
  return *this;
}

std::vector<Place> Place::entries() const {
  std::vector<Place> places;
  for (const auto& [name, value] : value_->members) {
    std::string shown = show(name);
    const bool plain = shown.size() == name.size() + 2;  // nothing was escaped or cut
    places.emplace_back(value, file_, (path_.empty() ? "" : path_ + ".") + (plain ? name : shown));
  }
  for (std::size_t i = 0; i < value_->items.size(); ++i) {
    places.emplace_back(value_->items[i], file_, path_ + "[" + std::to_string(i) + "]");
  }
  return places;
}

bool Place::boolean() const {
  if (!value_->is(Kind::kBoolean)) refuse("it must be true or false");
  return value_->boolean;
}

const std::string& Place::text() const {
  if (!value_->is(Kind::kString)) refuse("it must be a string");
  const std::u32string codes = decode(value_->string);
  if (std::all_of(codes.begin(), codes.end(), is_space)) refuse("it must not be empty");
  if (std::any_of(codes.begin(), codes.end(), is_surrogate)) {
    refuse("it holds half of a surrogate pair, which is no character");
  }
  return value_->string;
}

const std::string& Place::one_of(std::initializer_list<const char*> words) const {
  const std::vector<std::string> known(words.begin(), words.end());
  if (!value_->is(Kind::kString) || std::find(known.begin(), known.end(), value_->string) == known.end()) {
    refuse("it must be one of " + join(known));
  }
  return value_->string;
}

std::int64_t Place::integer() const {
  if (!value_->is(Kind::kInteger)) refuse("it must be a whole number");
  return value_->integer;
}

std::int64_t Place::count(std::int64_t least) const {
  if (integer() < least) refuse("it must be at least " + std::to_string(least));
  if (integer() > kLargest) refuse("it is too large to be true");
  return integer();
}

double Place::number() const {
  if (!value_->is(Kind::kInteger) && !value_->is(Kind::kNumber)) refuse("it must be a number");
  if (!(std::fabs(value_->number) <= static_cast<double>(kLargest))) refuse("it must be a finite number");
  return value_->number;
}

std::vector<Place> Place::list(std::size_t length) const {
  array();
  if (length != kAnyLength && value_->items.size() != length) {
    refuse("it has " + std::to_string(value_->items.size()) + " entries and must have " + std::to_string(length));
  }
  return entries();
}

}  // namespace slu
