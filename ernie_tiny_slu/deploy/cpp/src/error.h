// Copyright (c) the project's authors. Apache-2.0, see LICENSE.
// What a user sees when something is wrong: one line, and an exit code of its kind.
#pragma once

#include <stdexcept>
#include <string>

namespace slu {

// The user's input is wrong. The message says what, where and how to mend it, in one line. Exit code 2.
class UserError : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

// An engine, library, device or build feature that was asked for is not there. Exit code 3.
class EnvironmentLacks : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

constexpr int kUserErrorCode = 2;
constexpr int kEnvironmentLacksCode = 3;

}  // namespace slu
