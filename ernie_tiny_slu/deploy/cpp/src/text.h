// Copyright (c) the project's authors. Apache-2.0, see LICENSE.
// UTF-8 and code points. Every place in a text is counted in code points, as Python counts them.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace slu {

constexpr std::size_t kAllValid = static_cast<std::size_t>(-1);

// The first byte that is not UTF-8 (RFC 3629: no overlong forms, no surrogates, nothing above 10FFFF), or kAllValid.
std::size_t first_invalid_byte(std::string_view text);

// Code points of valid UTF-8. Encoded surrogates pass too: JSON can spell them, and whoever minds looks for them.
std::u32string decode(std::string_view text);

// Adds a code point as UTF-8; a surrogate gets the three bytes that decode() reads back.
void append(std::string& text, char32_t code);
std::string encode(std::u32string_view codes);

constexpr bool is_surrogate(char32_t code) { return code >= 0xD800 && code <= 0xDFFF; }

// What Python's str.isspace() says of a code point.
bool is_space(char32_t code);

// An untrusted string for a message: on one line, printable, at most 60 code points, in backquotes.
std::string show(std::string_view text);

// All white space as single blanks: what a library says becomes one line.
std::string one_line(std::string_view text);

std::string join(const std::vector<std::string>& words, std::string_view between = ", ");

// " (did you mean `x`?)" for the nearest of the known words, or an empty string.
std::string did_you_mean(std::string_view word, const std::vector<std::string>& known);

}  // namespace slu
