// Copyright (c) the project's authors. Apache-2.0, see LICENSE.
// What both programs do around their work.
#pragma once

#include <string>
#include <vector>

#include "options.h"

namespace slu {

// Parses the words and calls work(options). Prints a fault as one line. Gives the exit code: 2 for the user's input, 3
// for an environment that lacks something, 1 for our own bugs.
int run_program(int count, char** words, int (*work)(const Options&));

// One line to stdout at once. False when nobody reads any more.
bool print_line(const std::string& line);

}  // namespace slu
