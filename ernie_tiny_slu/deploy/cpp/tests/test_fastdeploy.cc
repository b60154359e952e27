// Copyright (c) the project's authors. Apache-2.0, see LICENSE.
// What engine_fastdeploy asks of FastDeploy, against the stubs: which backend with which switches, and what is refused.
#include <fastdeploy/runtime.h>

#include "check.h"
#include "engine_fastdeploy.h"
#include "error.h"
#include "machine.h"
#include "small_bundle.h"

namespace {

using fastdeploy::Fake;
using fastdeploy::fake;

const std::vector<std::string> kProgram{"model.pdmodel", "model.pdiparams"}, kOnnx{"model.onnx"};

struct Opened {
  explicit Opened(const std::string& engine, const std::string& precision = "fp32", const std::string& onednn = "auto",
                  const std::string& device = "cpu", const std::vector<std::string>& files = kProgram)
      : bundle(slu::read_bundle(small.path())) {
    bundle.precision = precision;
    bundle.dtype = fake().input_type == fastdeploy::INT64 ? slu::Dtype::kInt64 : slu::Dtype::kInt32;
    opened = slu::open_fastdeploy({bundle, files, engine, device, 3}, onednn);
  }
  const fastdeploy::RuntimeOption& option() const { return *fake().option; }

  SmallBundle small;
  slu::Bundle bundle;
  std::unique_ptr<slu::Engine> opened;
};

// Gives the message of what opening throws.
template <class Error>
std::string refusal(const std::string& engine, const std::string& precision = "fp32",
                    const std::string& onednn = "auto", const std::string& device = "cpu",
                    const std::vector<std::string>& files = kProgram) {
  return check::message_of<Error>([&] { Opened(engine, precision, onednn, device, files); }, __FILE__, __LINE__);
}

void says(const std::string& message, const std::string& part) { check::contains(message, part, __FILE__, __LINE__); }

}  // namespace

TEST(each_backend_is_asked_for) {
  fake() = Fake();
  const Opened paddle("fastdeploy_paddle");
  EQUAL(paddle.option().backend, fastdeploy::PDINFER);
  EQUAL(paddle.option().cpu_thread_num, 3);
  EQUAL(paddle.option().params_file, "model.pdiparams");
  EQUAL(paddle.option().paddle_infer_option.enable_mkldnn, slu::has_avx512());
  EQUAL(Opened("fastdeploy_openvino").option().backend, fastdeploy::OPENVINO);
  const Opened onnx("fastdeploy_onnxruntime", "fp32", "auto", "cpu", kOnnx);
  EQUAL(onnx.option().backend, fastdeploy::ORT);
  EQUAL(onnx.option().model_format, fastdeploy::ONNX);
  EQUAL(onnx.option().ort_option.graph_optimization_level, -1);
}

TEST(both_types_of_ids_are_fed) {
  fake() = Fake();
  Opened("fastdeploy_paddle").opened->run(std::vector<std::int32_t>{2, 3}.data(), 1, 2);
  fake().input_type = fastdeploy::INT64;
  Opened("fastdeploy_paddle").opened->run(std::vector<std::int32_t>{2, 3}.data(), 1, 2);
}

TEST(int8_runs_without_onednn_only) {
  fake() = Fake();
  EQUAL(Opened("fastdeploy_paddle", "int8").option().paddle_infer_option.enable_mkldnn, false);
  says(refusal<slu::UserError>("fastdeploy_paddle", "int8", "on"),
       "--onednn on: FastDeploy's Paddle with oneDNN answers garbage");
  EQUAL(Opened("fastdeploy_paddle", "fp32", "off").option().paddle_infer_option.enable_mkldnn, false);
}

TEST(int8_never_saturates) {
  fake() = Fake();
  if (slu::has_int8_dot_product()) {
    EQUAL(Opened("fastdeploy_onnxruntime", "int8").option().ort_option.graph_optimization_level, -1);
    return;
  }
  EQUAL(Opened("fastdeploy_onnxruntime", "int8").option().ort_option.graph_optimization_level, 1);
  says(refusal<slu::EnvironmentLacks>("fastdeploy_onnxruntime", "int8", "auto", "cpu", kOnnx), "no VNNI");
  says(refusal<slu::EnvironmentLacks>("fastdeploy_openvino", "int8"), "no VNNI");
}

TEST(a_gpu_is_not_there) {
  fake() = Fake();
  says(refusal<slu::EnvironmentLacks>("fastdeploy_paddle", "fp32", "auto", "gpu"), "built without GPU");
  says(refusal<slu::EnvironmentLacks>("fastdeploy_paddle_tensorrt", "int8", "auto", "gpu"), "built without GPU");
  says(refusal<slu::UserError>("fastdeploy_paddle", "int8", "auto", "gpu"), "goes through TensorRT");
  says(refusal<slu::UserError>("fastdeploy_tensorrt", "int8", "auto", "gpu", kOnnx), "calibrate by itself");
}

TEST(a_backend_that_was_not_built_in_is_not_asked_for) {
  fake() = Fake();
  fake().available = false;
  says(refusal<slu::EnvironmentLacks>("fastdeploy_paddle"), "this FastDeploy was built without it");
}

TEST(a_model_that_does_not_fit_is_refused) {
  const auto refuse = [](void (*change)(Fake&), const std::string& said) {
    fake() = Fake();
    change(fake());
    says(refusal<slu::UserError>("fastdeploy_paddle"), said);
  };
  refuse([](Fake& f) { f.init = false; }, "cannot open it");
  refuse([](Fake& f) { f.infer = false; }, "opened it but cannot run it");
  refuse([](Fake& f) { f.input = "x"; }, "its inputs are not the manifest's `input_ids`");
  refuse([](Fake& f) { f.outputs.push_back("more"); }, "3 outputs, but the manifest says 2");
  refuse([](Fake& f) { f.outputs = {"a", "b"}; }, "gives `slot_logits` the shape [1, 2]");
  refuse([](Fake& f) { f.tags = 5; }, "the shape [1, 4, 5], but by the manifest it is [1, 4, 3]");
  refuse([](Fake& f) { f.output_type = fastdeploy::FP16; }, "an output is not float32");
  fake() = Fake();
  fake().outputs = {"slot_logits", "intent_logits"};  // reversed, but named
  Opened("fastdeploy_paddle");
  fake().softmax = false;
  says(refusal<slu::EnvironmentLacks>("fastdeploy_paddle"), "its Softmax answers wrongly");
}

int main() { return check::run(); }
