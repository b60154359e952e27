// Copyright (c) the project's authors. Apache-2.0, see LICENSE.
// A folder that vanishes at the end of a test.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

class Temporary {
 public:
  Temporary() : path_((std::filesystem::temp_directory_path() / "slu_test_XXXXXX").string()) {
    if (!mkdtemp(path_.data())) throw std::runtime_error("no temporary folder " + path_);
  }
  ~Temporary() { std::filesystem::remove_all(path_); }
  Temporary(const Temporary&) = delete;
  Temporary& operator=(const Temporary&) = delete;

  const std::string& path() const { return path_; }

  // Writes a file and gives its path.
  std::string write(const std::string& name, const std::string& content) const {
    const std::string place = path_ + "/" + name;
    std::ofstream(place, std::ios::binary) << content;
    return place;
  }

 private:
  std::string path_;
};
