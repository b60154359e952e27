// Copyright (c) the project's authors. Apache-2.0, see LICENSE.
// FastDeploy 1.0.7, the document's runtime, over one of its backends.
#pragma once

#include <memory>
#include <string>

#include "engine.h"

namespace slu {

// Opens the job's model in the backend that its engine names (fastdeploy_paddle, ...) and tries it once.
//
// onednn: auto, on or off, for Paddle Inference on the CPU; auto is on where its answers are right.
//
// Throws UserError: a combination that answers wrongly, or a model that the backend does not read; EnvironmentLacks:
// the SDK was built without the backend, or the device or a CPU feature is not there.
std::unique_ptr<Engine> open_fastdeploy(const Job& job, const std::string& onednn);

}  // namespace slu
