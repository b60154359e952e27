// Copyright (c) the project's authors. Apache-2.0, see LICENSE.
// The engines that this build has.
#pragma once

#include <memory>

#include "bundle.h"
#include "engine.h"
#include "options.h"

namespace slu {

// Opens the bundle in the engine that the options ask for.
//
// Throws UserError: a model that the engine does not read, or a forbidden combination; EnvironmentLacks: this build is
// without the engine, or the device is not there.
std::unique_ptr<Engine> open_engine(const Bundle& bundle, const Options& options);

}  // namespace slu
