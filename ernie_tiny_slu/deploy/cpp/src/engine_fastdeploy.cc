// Copyright (c) the project's authors. Apache-2.0, see LICENSE.
#include "engine_fastdeploy.h"

#include <fastdeploy/function/softmax.h>
#include <fastdeploy/runtime.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <optional>
#include <utility>

#include "error.h"
#include "files.h"
#include "machine.h"
#include "text.h"

namespace slu {
namespace {

using fastdeploy::FDDataType;
using fastdeploy::FDTensor;

constexpr int kTrtBatch = 32;  // the largest batch a TensorRT engine is built for

// It reports on stdout, which belongs to the answers: meanwhile that goes to stderr.
class StdoutToStderr {
 public:
  StdoutToStderr() : kept_(dup(STDOUT_FILENO)) {
    std::fflush(stdout);
    dup2(STDERR_FILENO, STDOUT_FILENO);
  }
  ~StdoutToStderr() {
    std::fflush(stdout);
    dup2(kept_, STDOUT_FILENO);
    close(kept_);
  }
  StdoutToStderr(const StdoutToStderr&) = delete;
  StdoutToStderr& operator=(const StdoutToStderr&) = delete;

 private:
  int kept_;
};

// An environment variable that is another one for a while.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) {
    if (const char* before = std::getenv(name)) before_ = before;
    setenv(name, value, 1);
  }
  ~Variable() {
    if (before_) {
      setenv(name_, before_->c_str(), 1);
    } else {
      unsetenv(name_);
    }
  }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  const char* name_;
  std::optional<std::string> before_;
};

fastdeploy::Backend backend_of(const std::string& engine) {
  static const std::map<std::string, fastdeploy::Backend> kBackends{
      {"fastdeploy_paddle", fastdeploy::Backend::PDINFER},
      {"fastdeploy_paddle_tensorrt", fastdeploy::Backend::PDINFER},
      {"fastdeploy_onnxruntime", fastdeploy::Backend::ORT},
      {"fastdeploy_openvino", fastdeploy::Backend::OPENVINO},
      {"fastdeploy_tensorrt", fastdeploy::Backend::TRT},
  };
  return kBackends.at(engine);
}

bool is_onnx(const Job& job) { return job.files.size() == 1; }

bool saturates(const Job& job) {
  return job.bundle.precision == "int8" && job.device == "cpu" && !has_int8_dot_product();
}

// What is known to answer wrongly, or not at all. FastDeploy itself would end the process, or say nothing.
void check_allowed(const Job& job, const std::string& onednn) {
  const bool int8 = job.bundle.precision == "int8", gpu = job.device == "gpu";
  if (int8 && onednn == "on") {
    throw UserError(
        "--onednn on: FastDeploy's Paddle with oneDNN answers garbage on INT8 without an error; leave it out");
  }
  if (int8 && gpu && job.engine == "fastdeploy_paddle") {
    throw UserError(
        "fastdeploy_paddle on gpu is not allowed with int8: INT8 on a GPU goes through TensorRT; take "
        "--backend paddle_trt");
  }
  if (int8 && gpu && (job.engine == "fastdeploy_tensorrt" || job.engine == "fastdeploy_onnxruntime")) {
    throw UserError(job.engine +
                    " on gpu is not allowed with int8: it would have to calibrate by itself; take --backend "
                    "paddle_trt for a quantised program");
  }
  if (saturates(job) &&
      (job.engine == "fastdeploy_openvino" || (job.engine == "fastdeploy_onnxruntime" && is_onnx(job)))) {
    throw EnvironmentLacks(job.engine +
                           ": this CPU has no VNNI, signed 8-bit products would saturate; take --library "
                           "native");
  }
  if (!fastdeploy::IsBackendAvailable(backend_of(job.engine))) {
    throw EnvironmentLacks(job.engine + ": this FastDeploy was built without it; take another backend or another SDK");
  }
  if (gpu) {
#ifdef WITH_GPU
    if (!exists("/dev/nvidia0")) throw EnvironmentLacks(job.engine + ": no GPU was found; take --device cpu");
#else
    throw EnvironmentLacks(job.engine + ": this FastDeploy was built without GPU; take --device cpu, or the GPU SDK");
#endif
  }
}

void use_paddle(fastdeploy::RuntimeOption& option, const Job& job, const std::string& onednn) {
  option.UsePaddleInferBackend();
  // With oneDNN, its default, INT8 answers are garbage without an error. So are FP32's from the second row on where
  // there is no AVX-512: oneDNN 2.7 then wants the weights of a product of one row laid out in another way than those
  // of more rows, and FastDeploy's Paddle gives it for both what the first call wanted.
  const bool right = job.bundle.precision != "int8" && (job.device != "cpu" || has_avx512());
  if (onednn == "on" && !right) {
    throw EnvironmentLacks(
        "--onednn on: FastDeploy's Paddle answers wrongly with oneDNN on this CPU (no AVX-512); leave "
        "it out");
  }
  option.paddle_infer_option.enable_mkldnn = right && onednn != "off";
  if (!right && job.device == "cpu") {
    warn("FastDeploy's Paddle is right here only if oneDNN is off, and slow; openvino is faster");
  }
}

// TensorRT builds its engine for a range of shapes.
void set_shapes(fastdeploy::RuntimeOption& option, const Job& job) {
  const int length = static_cast<int>(job.bundle.max_length);
  option.trt_option.SetShape(job.bundle.input, {1, 2}, {1, length}, {kTrtBatch, length});
}

fastdeploy::RuntimeOption option_for(const Job& job, const std::string& onednn) {
  fastdeploy::RuntimeOption option;
  if (is_onnx(job)) {
    option.SetModelPath(job.files[0], "", fastdeploy::ModelFormat::ONNX);
  } else {
    option.SetModelPath(job.files[0], job.files[1], fastdeploy::ModelFormat::PADDLE);
  }
  if (job.device == "gpu") {
    option.UseGpu();
  } else {
    option.UseCpu();
    option.SetCpuThreadNum(job.threads);
  }
  if (job.engine == "fastdeploy_onnxruntime") {
    option.UseOrtBackend();
    if (saturates(job)) {
      // FastDeploy converts the program out of our reach: without fusions it stays pairs of quantise and dequantise
      // around FP32 products.
      warn(
          "this CPU has no VNNI, signed 8-bit products would saturate: FP32 products between quantised values, exact "
          "but "
          "slower");
      option.ort_option.graph_optimization_level = 1;
    }
  } else if (job.engine == "fastdeploy_openvino") {
    option.UseOpenVINOBackend();
  } else if (job.engine == "fastdeploy_tensorrt") {
    option.UseTrtBackend();
    set_shapes(option, job);
  } else {
    use_paddle(option, job, onednn);
    if (job.engine == "fastdeploy_paddle_tensorrt") {
      option.paddle_infer_option.enable_trt = true;
      option.paddle_infer_option.collect_trt_shape = true;
      set_shapes(option, job);
    }
  }
  return option;
}

class FastDeploy : public Engine {
 public:
  FastDeploy(const Job& job, const std::string& onednn)
      : job_(job), type_(job.bundle.dtype == Dtype::kInt64 ? FDDataType::INT64 : FDDataType::INT32) {
    check_allowed(job, onednn);
    const StdoutToStderr quiet;
    std::optional<Variable> hidden;
    if (job.engine == "fastdeploy_openvino" && has_bf16()) {
      // Its OpenVINO has no switch against bf16 (logits 0.02 off): hide the feature from it while it opens.
      hidden.emplace("ONEDNN_MAX_CPU_ISA", "AVX512_CORE_VNNI");
    }
    if (!runtime_.Init(option_for(job, onednn))) throw std::runtime_error("FastDeploy says why above");
    check_ports();
  }

  Logits run(const std::int32_t* ids, std::size_t batch, std::size_t length) override {
    const std::vector<std::int64_t> shape{static_cast<std::int64_t>(batch), static_cast<std::int64_t>(length)};
    std::vector<FDTensor> inputs(1);
    inputs[0].name = job_.bundle.input;
    if (type_ == FDDataType::INT64) {
      wide_.assign(ids, ids + batch * length);
      inputs[0].SetData(shape, type_, wide_.data());
    } else {
      narrow_.assign(ids, ids + batch * length);
      inputs[0].SetData(shape, type_, narrow_.data());
    }
    if (!runtime_.Infer(inputs, &outputs_)) throw std::runtime_error("FastDeploy's Infer failed; it says why above");
    return {output(intent_port_, {batch, job_.bundle.intents.size()}),
            output(slot_port_, {batch, length, job_.bundle.tags.size()})};
  }

  // FastDeploy's Softmax of the intents that the last run gave against our own: they agree unless the SDK's headers and
  // its library are of different builds. The answers' confidence is computed by our own, in double precision, so that
  // all clients print the same digits.
  void check_softmax() {
    FDTensor shares;
    fastdeploy::function::Softmax(outputs_[intent_port_], &shares, -1);
    const auto* given = static_cast<const float*>(std::as_const(outputs_[intent_port_]).Data());
    const auto* found = static_cast<const float*>(std::as_const(shares).Data());
    const std::size_t count = job_.bundle.intents.size();
    const double top = *std::max_element(given, given + count);
    double sum = 0;
    for (std::size_t i = 0; i < count; ++i) sum += std::exp(given[i] - top);
    for (std::size_t i = 0; i < count; ++i) {
      if (!(std::fabs(found[i] - std::exp(given[i] - top) / sum) < 1e-5)) {
        throw EnvironmentLacks(
            "fastdeploy: its Softmax answers wrongly; the SDK's headers and library do not fit, "
            "install FastDeploy 1.0.7 again");
      }
    }
  }

 private:
  // Names, types and number of the model's tensors against the manifest.
  void check_ports() {
    const std::string& file = job_.files.front();
    const std::vector<fastdeploy::TensorInfo> inputs = runtime_.GetInputInfos(), outputs = runtime_.GetOutputInfos();
    if (inputs.size() != 1 || inputs[0].name != job_.bundle.input) {
      throw UserError(file + ": its inputs are not the manifest's `" + job_.bundle.input +
                      "`; export the bundle again");
    }
    if (inputs[0].dtype != type_) {
      throw UserError(file + ": `" + job_.bundle.input +
                      "` is of another type than the manifest says; export the bundle "
                      "again with the right --input_dtype");
    }
    if (outputs.size() != job_.bundle.outputs.size()) {
      throw UserError(file + ": " + std::to_string(outputs.size()) + " outputs, but the manifest says " +
                      std::to_string(job_.bundle.outputs.size()) + "; export the bundle again");
    }
    // By name where the model knows the manifest's names, else by place: a Paddle program has names of its own.
    intent_port_ = job_.bundle.intent_output;
    slot_port_ = job_.bundle.slot_output;
    std::map<std::string, std::size_t> ports;
    for (std::size_t i = 0; i < outputs.size(); ++i) ports[outputs[i].name] = i;
    for (const std::string& name : job_.bundle.outputs) {
      if (ports.count(name) == 0) return;
    }
    intent_port_ = ports[job_.bundle.outputs[intent_port_]];
    slot_port_ = ports[job_.bundle.outputs[slot_port_]];
  }

  const float* output(std::size_t port, const std::vector<std::size_t>& wanted) const {
    const FDTensor& tensor = outputs_.at(port);
    check_shape(job_, port == intent_port_ ? "intent_logits" : "slot_logits", tensor.Shape(), wanted);
    if (tensor.Dtype() != FDDataType::FP32) {
      throw UserError(job_.files.front() + ": an output is not float32; export the bundle again");
    }
    return static_cast<const float*>(tensor.Data());
  }

  const Job job_;
  const FDDataType type_;
  std::size_t intent_port_ = 0, slot_port_ = 0;
  fastdeploy::Runtime runtime_;
  std::vector<std::int32_t> narrow_;
  std::vector<std::int64_t> wide_;
  std::vector<FDTensor> outputs_;
};

}  // namespace

std::unique_ptr<Engine> open_fastdeploy(const Job& job, const std::string& onednn) {
  std::unique_ptr<FastDeploy> engine;
  try {
    engine = std::make_unique<FastDeploy>(job, onednn);
  } catch (const UserError&) {
    throw;
  } catch (const EnvironmentLacks&) {
    throw;
  } catch (const std::exception& fault) {
    throw UserError(job.files.front() + ": " + job.engine + " cannot open it: " +
                    one_line(fault.what()).substr(0, 200) + "; take another engine or export again");
  }
  try_engine(*engine, job.bundle, job.engine);
  engine->check_softmax();
  return engine;
}

}  // namespace slu
