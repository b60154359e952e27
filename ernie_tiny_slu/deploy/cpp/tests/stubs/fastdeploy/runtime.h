// Copyright (c) the project's authors. Apache-2.0, see LICENSE.
// What engine_fastdeploy.cc uses of FastDeploy 1.0.7, declared by us: names and signatures as in its C++ reference,
// bodies that only remember. Where there is no SDK, the engine is compiled against this, and its choices are tested.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace fastdeploy {

enum Backend { UNKNOWN, ORT, TRT, PDINFER, POROS, OPENVINO, LITE };
enum Device { CPU, GPU };
enum ModelFormat { AUTOREC, PADDLE, ONNX };
enum FDDataType { BOOL, INT16, INT32, INT64, FP16, FP32, FP64 };

// --- what the tests look at and set ---
struct RuntimeOption;
struct Fake {
  bool available = true, init = true, infer = true, softmax = true;
  std::string input = "input_ids";
  FDDataType input_type = INT32, output_type = FP32;
  std::vector<std::string> outputs{"intent_logits", "slot_logits"};
  std::int64_t intents = 2, tags = 3;
  const RuntimeOption* option = nullptr;  // of the last Init
};
inline Fake& fake() {
  static Fake state;
  return state;
}

// --- FastDeploy ---
inline bool IsBackendAvailable(const Backend&) { return fake().available; }

struct FDTensor {
  void SetData(const std::vector<int64_t>& tensor_shape, const FDDataType& data_type, void* data_buffer,
               bool copy = false, const Device& data_device = Device::CPU, int data_device_id = -1) {
    shape = tensor_shape;
    dtype = data_type;
    external = data_buffer;
    (void)copy, (void)data_device, (void)data_device_id;
  }
  std::vector<int64_t> Shape() const { return shape; }
  FDDataType Dtype() const { return dtype; }
  void* Data() { return external ? external : values.data(); }
  const void* Data() const { return external ? external : values.data(); }

  std::string name;
  std::vector<int64_t> shape;
  FDDataType dtype = FP32;
  void* external = nullptr;
  std::vector<float> values;
};

struct TensorInfo {
  std::string name;
  std::vector<int> shape;
  FDDataType dtype;
};

struct OrtBackendOption {
  int graph_optimization_level = -1;
};

struct TrtBackendOption {
  bool enable_fp16 = false;
  std::map<std::string, std::vector<int32_t>> max_shape;
  void SetShape(const std::string& tensor_name, const std::vector<int32_t>& min, const std::vector<int32_t>& opt = {},
                const std::vector<int32_t>& max = {}) {
    max_shape[tensor_name] = max;
    (void)min, (void)opt;
  }
};

struct PaddleBackendOption {
  bool enable_mkldnn = true;
  bool enable_trt = false;
  bool collect_trt_shape = false;
};

struct RuntimeOption {
  void SetModelPath(const std::string& model_path, const std::string& params_path = "",
                    const ModelFormat& format = ModelFormat::PADDLE) {
    model_file = model_path;
    params_file = params_path;
    model_format = format;
  }
  void UseCpu() { device = CPU; }
  void UseGpu(int gpu_id = 0) {
    device = GPU;
    (void)gpu_id;
  }
  void SetCpuThreadNum(int thread_num) { cpu_thread_num = thread_num; }
  void UsePaddleInferBackend() { backend = PDINFER; }
  void UseOrtBackend() { backend = ORT; }
  void UseTrtBackend() { backend = TRT; }
  void UseOpenVINOBackend() { backend = OPENVINO; }

  OrtBackendOption ort_option;
  TrtBackendOption trt_option;
  PaddleBackendOption paddle_infer_option;
  std::string model_file, params_file;
  ModelFormat model_format = PADDLE;
  int cpu_thread_num = -1;
  Device device = CPU;
  Backend backend = UNKNOWN;
};

struct Runtime {
  bool Init(const RuntimeOption& given) {
    option = given;
    fake().option = &option;
    return fake().init;
  }
  std::vector<TensorInfo> GetInputInfos() { return {{fake().input, {-1, -1}, fake().input_type}}; }
  std::vector<TensorInfo> GetOutputInfos() {
    std::vector<TensorInfo> infos;
    for (const std::string& name : fake().outputs) infos.push_back({name, {}, fake().output_type});
    return infos;
  }
  bool Infer(std::vector<FDTensor>& input_tensors, std::vector<FDTensor>* output_tensors) {
    const int64_t batch = input_tensors[0].shape[0], length = input_tensors[0].shape[1];
    output_tensors->clear();
    for (const std::string& name : fake().outputs) {
      const bool slots = name.find("slot") != std::string::npos;
      FDTensor tensor;
      tensor.shape =
          slots ? std::vector<int64_t>{batch, length, fake().tags} : std::vector<int64_t>{batch, fake().intents};
      tensor.dtype = fake().output_type;
      for (int64_t axis = 1, i = 0; i < static_cast<int64_t>(tensor.shape.size()); ++i) {
        axis *= tensor.shape[static_cast<std::size_t>(i)];
        tensor.values.assign(static_cast<std::size_t>(axis), slots ? 2.0F : 1.0F);
      }
      output_tensors->push_back(tensor);
    }
    return fake().infer;
  }

  RuntimeOption option;
};

}  // namespace fastdeploy
