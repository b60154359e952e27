// Copyright (c) the project's authors. Apache-2.0, see LICENSE.
#include "engine_openvino.h"

#include <algorithm>
#include <cstdlib>
#include <openvino/openvino.hpp>

#include "error.h"
#include "machine.h"
#include "text.h"

namespace slu {
namespace {

// Every new shape of the input costs some 10 ms and 1 to 2.5 MB of kernels, made and kept when it first comes (nano, 4
// layers). So lengths are taken as they come only up to this many different ones (padding costs more than it saves: 14
// lengths without padding are a third faster than all padded to 16), and of all shapes the last used ones are kept.
constexpr std::size_t kLengths = 16;
constexpr int kKernels = 256;          // of the model's layers; a shape needs about 8
constexpr const char* kShared = "16";  // of the library; else it would keep those that the above has dropped

ov::AnyMap settings_for(const Job& job) {
  ov::AnyMap settings{
      ov::inference_num_threads(job.threads), ov::num_streams(1),
      ov::hint::performance_mode(ov::hint::PerformanceMode::LATENCY),
      ov::hint::inference_precision(ov::element::f32),  // it takes bf16 by itself where the CPU has it
  };
  if (job.bundle.precision == "int8" && !has_int8_dot_product()) {
    warn(
        "this CPU has no VNNI, signed 8-bit products would saturate: OpenVINO computes the INT8 model in FP32, exact "
        "but slower");
    settings["LP_TRANSFORMS_MODE"] = "NO";  // leaves the fake quantisation as the file has it
  }
  settings["CPU_RUNTIME_CACHE_CAPACITY"] = kKernels;
  return settings;
}

class OpenVino : public Engine {
 public:
  explicit OpenVino(const Job& job)
      : job_(job),
        type_(job.bundle.dtype == Dtype::kInt64 ? ov::element::i64 : ov::element::i32),
        step_((job.bundle.max_length + kLengths - 1) / kLengths) {
    setenv("ONEDNN_PRIMITIVE_CACHE_CAPACITY", kShared, 0);
    ov::CompiledModel compiled;
    {
      ov::Core core;
      std::shared_ptr<ov::Model> model = core.read_model(job.files.front());
      check_ports(*model);
      compiled = core.compile_model(model, "CPU", settings_for(job));
    }
    request_ = compiled.create_infer_request();
  }

  std::size_t padded(std::size_t length) const override {
    return std::min((length + step_ - 1) / step_ * step_, job_.bundle.max_length);
  }

  Logits run(const std::int32_t* ids, std::size_t batch, std::size_t length) override {
    ov::Tensor input = request_.get_tensor(job_.bundle.input);
    input.set_shape({batch, length});
    if (type_ == ov::element::i32) {
      std::copy(ids, ids + batch * length, input.data<std::int32_t>());
    } else {
      std::copy(ids, ids + batch * length, input.data<std::int64_t>());
    }
    request_.infer();
    return {output(intent_port_, {batch, job_.bundle.intents.size()}),
            output(slot_port_, {batch, length, job_.bundle.tags.size()})};
  }

 private:
  // Names, types and number of the model's tensors against the manifest.
  void check_ports(const ov::Model& model) {
    const std::string& file = job_.files.front();
    if (model.inputs().size() != 1 || model.input().get_names().count(job_.bundle.input) == 0) {
      throw UserError(file + ": it has " + std::to_string(model.inputs().size()) + " inputs, but the manifest says `" +
                      job_.bundle.input + "`; export the bundle again");
    }
    if (model.input().get_element_type() != type_) {
      throw UserError(file + ": `" + job_.bundle.input + "` is " + model.input().get_element_type().get_type_name() +
                      ", but the manifest says " + type_.get_type_name() +
                      "; export the bundle again with the right --input_dtype");
    }
    if (model.outputs().size() != job_.bundle.outputs.size()) {
      throw UserError(file + ": " + std::to_string(model.outputs().size()) + " outputs, but the manifest says " +
                      std::to_string(job_.bundle.outputs.size()) + "; export the bundle again");
    }
    // By name where the model knows the manifest's names, else by place: a Paddle program has names of its own.
    intent_port_ = job_.bundle.intent_output;
    slot_port_ = job_.bundle.slot_output;
    bool named = true;
    for (const std::string& name : job_.bundle.outputs) named = named && port_of(model, name) != model.outputs().size();
    if (!named) return;
    intent_port_ = port_of(model, job_.bundle.outputs[intent_port_]);
    slot_port_ = port_of(model, job_.bundle.outputs[slot_port_]);
  }

  static std::size_t port_of(const ov::Model& model, const std::string& name) {
    std::size_t port = 0;
    while (port < model.outputs().size() && model.output(port).get_names().count(name) == 0) ++port;
    return port;
  }

  const float* output(std::size_t port, const std::vector<std::size_t>& wanted) {
    const ov::Tensor tensor = request_.get_output_tensor(port);
    const ov::Shape& shape = tensor.get_shape();
    if (tensor.get_element_type() != ov::element::f32) {
      throw UserError(job_.files.front() + ": an output is " + tensor.get_element_type().get_type_name() +
                      ", but this client reads f32; export the bundle again");
    }
    if (shape != wanted) {
      check_shape(job_, port == intent_port_ ? "intent_logits" : "slot_logits", {shape.begin(), shape.end()}, wanted);
    }
    return tensor.data<const float>();
  }

  const Job job_;
  const ov::element::Type type_;
  const std::size_t step_;  // lengths are multiples of it
  std::size_t intent_port_ = 0, slot_port_ = 0;
  ov::InferRequest request_;
};

}  // namespace

std::unique_ptr<Engine> open_openvino(const Job& job) {
  if (job.device != "cpu") {
    throw UserError("openvino does not run on " + job.device + " here; take --device cpu, or --library fastdeploy");
  }
  std::unique_ptr<Engine> engine;
  try {
    engine = std::make_unique<OpenVino>(job);
  } catch (const UserError&) {
    throw;
  } catch (const std::exception& fault) {
    throw UserError(job.files.front() + ": openvino cannot open it: " + one_line(fault.what()).substr(0, 200) +
                    "; take another engine or export again");
  }
  try_engine(*engine, job.bundle, job.engine);
  return engine;
}

}  // namespace slu
