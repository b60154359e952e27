// Copyright (c) the project's authors. Apache-2.0, see LICENSE.
// What this process runs on, as common/machine.py reads it.
#pragma once

namespace slu {

// Whether 8-bit products are summed without saturation (VNNI); on other than x86 this is never the question.
bool has_int8_dot_product();
bool has_avx512();
bool has_bf16();

// The most memory this process has held so far, in MB of 2^20 bytes; 0 where the system does not say.
double peak_rss_mb();

}  // namespace slu
