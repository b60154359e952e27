// Copyright (c) the project's authors. Apache-2.0, see LICENSE.
#include "engine.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <exception>

#include "error.h"
#include "text.h"

namespace slu {
namespace {

template <class Number>
std::string spelled(const std::vector<Number>& shape) {
  std::vector<std::string> axes;
  for (const Number axis : shape) axes.push_back(std::to_string(axis));
  return "[" + join(axes) + "]";
}

}  // namespace

void check_shape(const Job& job, const std::string& output, const std::vector<std::int64_t>& shape,
                 const std::vector<std::size_t>& wanted) {
  const bool same =
      std::equal(shape.begin(), shape.end(), wanted.begin(), wanted.end(),
                 [](std::int64_t one, std::size_t other) { return one == static_cast<std::int64_t>(other); });
  if (!same) {
    throw UserError(job.bundle.path + ": " + job.engine + " gives `" + output + "` the shape " + spelled(shape) +
                    ", but by the manifest it is " + spelled(wanted) + "; export the bundle again");
  }
}

void try_engine(Engine& engine, const Bundle& bundle, const std::string& name) {
  const std::size_t length = std::min<std::size_t>(4, bundle.max_length);
  const std::vector<std::int32_t> ids(length, 1);
  const auto answer = [&] {
    const Logits logits = engine.run(ids.data(), 1, length);
    std::vector<float> all(logits.intents, logits.intents + bundle.intents.size());
    all.insert(all.end(), logits.slots, logits.slots + length * bundle.tags.size());
    return all;
  };
  std::vector<float> first, again;
  try {
    first = answer();
    again = bundle.precision == "int8" ? answer() : first;
  } catch (const UserError&) {
    throw;
  } catch (const std::exception& fault) {
    throw UserError(bundle.path + ": " + name +
                    " opened it but cannot run it: " + one_line(fault.what()).substr(0, 200) + "; take another engine");
  }
  const bool finite = std::all_of(first.begin(), first.end(), [](float score) { return std::isfinite(score); });
  if (!finite || first != again) {
    throw UserError(bundle.path + ": " + name + " answers wrongly: a logit " +
                    (finite ? "changes from run to run" : "is not finite") + "; take another engine");
  }
}

void warn(const std::string& message) { std::fprintf(stderr, "warning: %s\n", message.c_str()); }

}  // namespace slu
