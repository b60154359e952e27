// Copyright (c) the project's authors. Apache-2.0, see LICENSE.
// The vectors of tests/golden/, which every client repeats.
#pragma once

#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "check.h"
#include "json.h"
#include "text.h"
#include "tokenizer.h"

namespace golden {

inline std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

inline std::string folder() {
  const std::string found = variable("SLU_GOLDEN");
  if (found.empty()) check::skip("SLU_GOLDEN names no folder; run it by ctest");
  return found;
}

// Each line of a file as JSON.
inline std::vector<slu::json::Value> lines(const std::string& path) {
  std::ifstream file(path);
  if (!file) check::skip(path + " is not there");
  std::vector<slu::json::Value> found;
  for (std::string line; std::getline(file, line);) found.push_back(slu::json::parse(line, path));
  return found;
}

// Ids, offsets and the mark of truncation in one line, for one comparison.
inline std::string spelled(const slu::Encoding& encoding) {
  std::string line;
  for (const auto id : encoding.ids) line += std::to_string(id) + " ";
  for (const auto& offset : encoding.offsets) {
    line += std::to_string(offset.begin) + "-" + std::to_string(offset.end) + " ";
  }
  return line + (encoding.truncated ? "truncated" : "whole");
}

inline std::string spelled(const slu::json::Value& vector) {
  slu::Encoding encoding;
  for (const auto& id : vector.find("ids")->items) encoding.ids.push_back(static_cast<std::int32_t>(id.integer));
  for (const auto& pair : vector.find("offsets")->items) {
    encoding.offsets.push_back(
        {static_cast<std::size_t>(pair.items[0].integer), static_cast<std::size_t>(pair.items[1].integer)});
  }
  encoding.truncated = vector.find("truncated")->boolean;
  return spelled(encoding);
}

}  // namespace golden
