// Copyright (c) the project's authors. Apache-2.0, see LICENSE.
// OpenVINO on the CPU.
#pragma once

#include <memory>

#include "engine.h"

namespace slu {

// Opens the job's model and tries it once.
//
// Throws UserError: the model cannot be read, differs from the manifest, or answers wrongly; EnvironmentLacks: the
// device.
std::unique_ptr<Engine> open_openvino(const Job& job);

}  // namespace slu
