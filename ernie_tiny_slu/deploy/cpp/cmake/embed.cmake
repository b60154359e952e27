# Turns tokenizer_rules.txt into a C++ source file:  cmake -DINPUT=FILE -DOUTPUT=FILE -P embed.cmake
file(READ "${INPUT}" hex HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
string(REGEX REPLACE "((0x..,){24})" "\\1\n" bytes "${bytes}")
file(WRITE "${OUTPUT}.part" "// Made from tokenizer_rules.txt by embed.cmake; do not edit.
#include \"character_rules.h\"

namespace slu {

static const unsigned char kRules[] = {
${bytes}
};

std::string_view embedded_rules() { return {reinterpret_cast<const char*>(kRules), sizeof kRules}; }

}  // namespace slu
")
file(RENAME "${OUTPUT}.part" "${OUTPUT}")
