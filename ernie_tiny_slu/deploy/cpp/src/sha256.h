// Copyright (c) the project's authors. Apache-2.0, see LICENSE.
// SHA-256 after FIPS 180-4.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

namespace slu {

class Sha256 {
 public:
  void add(const char* data, std::size_t count);
  std::string hex();  // ends the sum: nothing may be added afterwards

 private:
  void block(const unsigned char* data);

  std::array<std::uint32_t, 8> state_{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                      0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::array<unsigned char, 64> waiting_{};
  std::size_t held_ = 0;
  std::uint64_t bytes_ = 0;
};

}  // namespace slu
