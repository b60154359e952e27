// Copyright (c) the project's authors. Apache-2.0, see LICENSE.
#include "files.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <system_error>

#include "error.h"
#include "sha256.h"
#include "text.h"

namespace slu {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kBlock = 1 << 16;

struct Close {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, Close>;

std::string printable(const std::string& path) {
  std::string shown;
  for (const char letter : path) {
    const bool control = static_cast<unsigned char>(letter) < 0x20 || letter == 0x7F;
    shown.push_back(control ? '?' : letter);
  }
  return shown;
}

std::string list_folder(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code fault;
  for (fs::directory_iterator entry(folder, fault), end; !fault && entry != end; entry.increment(fault)) {
    names.push_back(printable(entry->path().filename().string()));
  }
  std::sort(names.begin(), names.end());
  if (names.size() > 12) names.resize(12);
  return names.empty() ? "nothing" : join(names);
}

File open(const std::string& path, const std::string& what) {
  require(path, what);
  if (is_folder(path)) throw UserError(printable(path) + ": is a folder, expected a " + what + "; name a file in it");
  File file(std::fopen(path.c_str(), "rb"));
  if (!file) {
    throw UserError(printable(path) + ": cannot be read: " + std::strerror(errno) + "; change its permissions");
  }
  return file;
}

template <class Use>
void each_block(const std::string& path, const std::string& what, Use use) {
  const File file = open(path, what);
  std::vector<char> block(kBlock);
  while (const std::size_t count = std::fread(block.data(), 1, block.size(), file.get())) use(block.data(), count);
  if (std::ferror(file.get())) throw UserError(printable(path) + ": reading broke off; copy the file again");
}

}  // namespace

bool exists(const std::string& path) {
  std::error_code fault;
  return fs::exists(path, fault);
}

bool is_folder(const std::string& path) {
  std::error_code fault;
  return fs::is_directory(path, fault);
}

std::string in_folder(const std::string& folder, const std::string& name) { return (fs::path(folder) / name).string(); }

void require(const std::string& path, const std::string& what) {
  if (exists(path)) return;
  fs::path folder = fs::path(path).parent_path();
  while (!folder.empty() && folder != folder.parent_path() && !is_folder(folder.string()))
    folder = folder.parent_path();
  if (folder.empty()) folder = ".";
  throw UserError(printable(path) + ": no such " + what + "; " + printable(folder.string()) +
                  "/ holds: " + list_folder(folder));
}

std::uint64_t file_size(const std::string& path, const std::string& what) {
  require(path, what);
  std::error_code fault;
  const std::uintmax_t size = fs::file_size(path, fault);
  if (fault || !fs::is_regular_file(path, fault)) {
    throw UserError(printable(path) + ": not a file, though the manifest lists it as one; export the bundle again");
  }
  return size;
}

std::string read_bytes(const std::string& path, const std::string& what) {
  std::string bytes;
  each_block(path, what, [&bytes](const char* data, std::size_t count) { bytes.append(data, count); });
  return bytes;
}

std::string read_text(const std::string& path, const std::string& what) {
  std::string text = read_bytes(path, what);
  const std::size_t fault = first_invalid_byte(text);
  if (fault != kAllValid) {
    const auto line = 1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(fault), '\n');
    char byte[8];
    std::snprintf(byte, sizeof byte, "0x%02x", static_cast<unsigned>(static_cast<unsigned char>(text[fault])));
    throw UserError(printable(path) + ":" + std::to_string(line) + ": byte " + std::to_string(fault) + " (" + byte +
                    ") is not UTF-8; convert it, for example: iconv -f gb18030 -t utf-8");
  }
  if (text.compare(0, 3, "\xEF\xBB\xBF") == 0) text.erase(0, 3);
  return text;
}

std::vector<std::string> split_lines(const std::string& text) {
  std::vector<std::string> lines;
  std::size_t begin = 0;
  const std::size_t size = !text.empty() && text.back() == '\n' ? text.size() - 1 : text.size();
  while (true) {
    const std::size_t end = std::min(text.find('\n', begin), size);
    std::string line = text.substr(begin, end - begin);
    if (!line.empty() && line.back() == '\r') line.pop_back();
    lines.push_back(std::move(line));
    if (end == size) return lines;
    begin = end + 1;
  }
}

std::string sha256(const std::string& bytes) {
  Sha256 sum;
  sum.add(bytes.data(), bytes.size());
  return sum.hex();
}

std::string sha256_of_file(const std::string& path) {
  Sha256 sum;
  each_block(path, "file", [&sum](const char* data, std::size_t count) { sum.add(data, count); });
  return sum.hex();
}

}  // namespace slu
