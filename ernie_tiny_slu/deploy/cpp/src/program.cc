// Copyright (c) the project's authors. Apache-2.0, see LICENSE.
#include "program.h"

#include <csignal>
#include <cstdio>
#include <exception>

#include "error.h"
#include "text.h"

namespace slu {

int run_program(int count, char** words, int (*work)(const Options&)) {
  std::signal(SIGPIPE, SIG_IGN);  // a reader that leaves is no error
  const auto fail = [](const std::exception& fault, int code) {
    std::fprintf(stderr, "error: %s\n", one_line(fault.what()).c_str());
    return code;
  };
  try {
    const Options options = parse_options(std::vector<std::string>(words + 1, words + count));
    if (options.help) {
      std::fputs(usage(words[0]).c_str(), stdout);
      return 0;
    }
    return work(options);
  } catch (const UserError& fault) {
    return fail(fault, kUserErrorCode);
  } catch (const EnvironmentLacks& fault) {
    return fail(fault, kEnvironmentLacksCode);
  } catch (const std::exception& fault) {
    return fail(fault, 1);
  }
}

bool print_line(const std::string& line) {
  return std::fwrite(line.data(), 1, line.size(), stdout) == line.size() && std::fputc('\n', stdout) == '\n' &&
         std::fflush(stdout) == 0;
}

}  // namespace slu
