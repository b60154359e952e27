// Copyright (c) the project's authors. Apache-2.0, see LICENSE.
// The little that the tests need of a test framework: a test is a function, a program runs all of its file's.
//
// Exit codes: 0 all passed, 1 something failed, 77 nothing to test here, with the reason (CTest shows it as skipped).
#pragma once

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <sstream>
#include <string>
#include <vector>

namespace check {

struct Test {
  const char* name;
  void (*function)();
};

inline std::vector<Test>& tests() {
  static std::vector<Test> all;
  return all;
}

inline int& failures() {
  static int count = 0;
  return count;
}

inline bool add(const char* name, void (*function)()) {
  tests().push_back({name, function});
  return true;
}

inline void fail(const char* file, int line, const std::string& what) {
  ++failures();
  std::fprintf(stderr, "%s:%d: %s\n", file, line, what.c_str());
}

[[noreturn]] inline void skip(const std::string& reason) {
  std::printf("skipped: %s\n", reason.c_str());
  std::exit(77);
}

template <class T>
std::string show(const T& value) {
  std::ostringstream out;
  out << std::boolalpha << value;
  return out.str();
}

template <class T>
std::string show(const std::vector<T>& values) {
  std::string out = "[";
  for (const auto& value : values) out += (out.size() > 1 ? ", " : "") + show(value);
  return out + "]";
}

template <class One, class Other>
void equal(const One& found, const Other& wanted, const char* file, int line) {
  if (!(found == wanted)) fail(file, line, "found  " + show(found) + "\n    wanted " + show(wanted));
}

// The message of the exception of this type that a call throws.
template <class Error, class Call>
std::string message_of(Call call, const char* file, int line) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  } catch (const std::exception& error) {
    fail(file, line, std::string("another exception: ") + error.what());
    return "";
  }
  fail(file, line, "no exception");
  return "";
}

inline void contains(const std::string& text, const std::string& part, const char* file, int line) {
  if (text.find(part) == std::string::npos) fail(file, line, "`" + text + "`\n    does not hold `" + part + "`");
}

inline int run() {
  for (const Test& test : tests()) {
    const int before = failures();
    try {
      test.function();
    } catch (const std::exception& error) {
      fail(test.name, 0, std::string("threw ") + error.what());
    }
    std::printf("%s %s\n", failures() == before ? "ok    " : "FAILED", test.name);
  }
  return failures() == 0 ? 0 : 1;
}

}  // namespace check

#define TEST(name)                                                           \
  static void name();                                                        \
  [[maybe_unused]] static const bool added_##name = check::add(#name, name); \
  static void name()
#define EQUAL(found, wanted) check::equal(found, wanted, __FILE__, __LINE__)
#define REFUSED(call, part) \
  check::contains(check::message_of<slu::UserError>([&] { call; }, __FILE__, __LINE__), part, __FILE__, __LINE__)
