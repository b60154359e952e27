// Copyright (c) the project's authors. Apache-2.0, see LICENSE.
// What manifest.json and labels.json must look like. Any JSON value at any place gives a UserError, never a crash.
#pragma once

#include <string>

#include "bundle.h"
#include "json.h"

namespace slu {

constexpr const char* kManifest = "manifest.json";
constexpr const char* kTask = "joint_intent_slot";

// sha256 by file name; sizes go into Bundle::files.
using Sums = std::map<std::string, std::string>;

// Types and ranges of every key, and that the parts agree with each other; fills what the client needs. Gives the
// number of tokens that vocab.txt must have.
std::size_t check_manifest(const json::Value& manifest, const std::string& where, Bundle& bundle, Sums& sums);

// The two lists of labels against the widths of their outputs and the decoder's transitions.
void check_labels(const json::Value& labels, const json::Value& manifest, const std::string& where, Bundle& bundle);

}  // namespace slu
