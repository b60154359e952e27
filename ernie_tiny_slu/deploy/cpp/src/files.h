// Copyright (c) the project's authors. Apache-2.0, see LICENSE.
// Reading files so that a fault names its place.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace slu {

bool exists(const std::string& path);
bool is_folder(const std::string& path);
std::string in_folder(const std::string& folder, const std::string& name);

// Throws UserError that names the path and lists what lies beside it, where there is no such file or folder.
void require(const std::string& path, const std::string& what);

// Size of a plain file in bytes. Throws UserError where it is none.
std::uint64_t file_size(const std::string& path, const std::string& what);

// The whole file. Throws UserError: no such file, a folder, or it cannot be read.
std::string read_bytes(const std::string& path, const std::string& what);

// UTF-8 text with a byte-order mark dropped. Throws UserError where a byte is not UTF-8, with file and line.
std::string read_text(const std::string& path, const std::string& what);

// Lines as Python's text.split("\n") gives them after one line feed at the end is dropped; one carriage return before a
// line feed is dropped.
std::vector<std::string> split_lines(const std::string& text);

// Lower-case hexadecimal sha256 (FIPS 180-4) of bytes in memory, and of a file without holding it in memory.
std::string sha256(const std::string& bytes);
std::string sha256_of_file(const std::string& path);

}  // namespace slu
